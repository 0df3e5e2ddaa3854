package verify

import (
	"fmt"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// text returns the result for people. It is clean and may have colours.
func (r *results) text(l verificationLine) string {
	var b strings.Builder
	ink, head := terminal.Green, "as wanted"
	switch {
	case l.State != ledger.StateFinished:
		ink, head = terminal.Red, string(l.State)
	case l.Drifted > 0 || l.Unread > 0 || l.Pending > 0:
		ink, head = terminal.Yellow, "drift"
	}
	fmt.Fprintf(&b, "%s: %s, in %s, %s\n", r.streams.Ink(ink, head), comparedText(l),
		progress.Duration(time.Duration(l.Seconds*float64(time.Second))), plain.Text(l.where))
	for _, sentence := range scopeText(l) {
		b.WriteString(plain.Text(sentence) + "\n")
	}
	if l.Fixed != nil {
		fmt.Fprintf(&b, "mended: %s; %s still %s\n", progress.Plural(l.Fixed.Mended, "device", "devices"),
			progress.Plural(l.Fixed.Left, "device", "devices"), plural(l.Fixed.Left, "differs", "differ"))
		if l.Fixed.Command == "" && l.Fixed.Changed > 0 {
			b.WriteString("No ledger has what was made, so that thingpress undo will not remove it.\n")
		}
	}
	if l.Connections != nil {
		b.WriteString(connectionsText(l))
	}
	findings := l.Findings
	if l.Fixed != nil {
		findings = l.Fixed.Reasons
	}
	b.WriteString(manifests.ProblemsText(problemsOf(findings), r.streams))
	return b.String()
}

// comparedText says how many devices of what differ.
func comparedText(l verificationLine) string {
	devices := progress.Plural(l.Devices, "device", "devices") + " of the manifests"
	if l.Import != "" {
		devices = progress.Plural(l.Devices, "device", "devices") + " of import " + plain.Text(l.Import)
	}
	if l.Drifted == 0 {
		return devices
	}
	return progress.Count(int64(l.Drifted)) + " of " + devices + " " + plural(l.Drifted, "differs", "differ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// scopeText says what was compared, and what was not.
func scopeText(l verificationLine) (sentences []string) {
	if len(l.Whole) > 0 && l.Devices > 0 && l.State == ledger.StateFinished {
		sentences = append(sentences, "compared for all devices: "+strings.Join(l.Whole, ", "))
	}
	if l.AtMost != nil {
		sentences = append(sentences, fmt.Sprintf("compared for a random sample of %s of %s devices: everything, of which %s in attachments",
			progress.Count(int64(l.Sample)), progress.Count(int64(l.Devices)), differText(l.SampleDrifted)),
			fmt.Sprintf("at a confidence of 95 %%, the attachments of fewer than %s of all devices differ; --full reads all", percent(*l.AtMost)))
	}
	if l.OneSided {
		sentences = append(sentences,
			"other things of certificates, and other certificates of things, were looked for from one end of each attachment only")
	}
	if len(l.Uncheckable) > 0 {
		sentences = append(sentences, fmt.Sprintf(
			"not compared: attribute %s, whose value is only in the manifest; verify the manifest with the flags of the import to compare it",
			strings.Join(l.Uncheckable, ", ")))
	}
	if l.Pending > 0 {
		sentences = append(sentences, fmt.Sprintf("%s in flight when the import ended, and not in the registry; resume it with: %s",
			progress.Plural(l.Pending, "device was", "devices were"), l.resume))
	}
	if l.Unread > 0 {
		sentences = append(sentences, progress.Plural(l.Unread, "device", "devices")+" could not be read")
	}
	if l.Rejected > 0 {
		see := "thingpress inspect --rejected"
		for _, m := range l.Manifests {
			see += " " + terminal.ShellQuote(m.Name)
		}
		sentences = append(sentences, progress.Plural(l.Rejected, "entry was", "entries were")+" rejected and not compared; see them with: "+see)
	}
	return sentences
}

func differText(n int) string {
	if n == 0 {
		return "none differs"
	}
	return progress.Count(int64(n)) + " " + plural(n, "differs", "differ")
}

// percent returns a share, rounded up to two digits.
func percent(share float64) string { return fmt.Sprintf("%.2g %%", share*100) }

// connectionsText says which devices have been connected.
func connectionsText(l verificationLine) string {
	c := l.Connections
	text := fmt.Sprintf("connected since indexing began: %s of %s, %s of them now; never: %s\n",
		progress.Count(int64(c.Seen)), progress.Plural(l.Devices, "device", "devices"),
		progress.Count(int64(c.Connected)), progress.Count(int64(c.Never)))
	if c.Unknown > 0 {
		text += fmt.Sprintf("%s not in the index\n", progress.Plural(c.Unknown, "thing is", "things are"))
	}
	if c.Unread > 0 {
		text += fmt.Sprintf("%s not be looked up in the index\n", progress.Plural(c.Unread, "thing could", "things could"))
	}
	if len(c.absent) > 0 {
		names := strings.Join(c.absent, ", ")
		if more := c.Never - len(c.absent); more > 0 {
			names += fmt.Sprintf(", and %s more; --report FILE.csv lists all", progress.Count(int64(more)))
		}
		text += plain.Text("never connected: "+names) + "\n"
	}
	return text
}

func problemsOf(findings []findingLine) (list []manifests.Problem) {
	for _, f := range findings {
		list = append(list, manifests.Problem{
			Outcome: plural(f.Count, "device", "devices"), Reason: f.Reason, Count: f.Count, Examples: f.Examples,
			Todo: f.Todo, AllWith: "--report FILE.csv",
		})
	}
	return list
}
