package complete

import (
	"fmt"
	"path"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/stack"
)

// subject returns the numbers and the name of the manifest. The numbers come first,
// because mail programs show the beginning.
func subject(i ledger.Import) string {
	name := i.ID
	if len(i.Manifests) > 0 {
		name = plain.Text(path.Base(i.Manifests[0].Name))
	}
	if i.State == ledger.StateStopped {
		return "STOPPED: import of " + name
	}
	var parts []string
	for what, n := range report.Outcomes(i.Counts, i.Counts.Pending()) {
		if n > 0 {
			parts = append(parts, progress.Count(n)+" "+what)
		}
	}
	return strings.Join(parts, ", ") + ": " + name
}

// reasonsMost is how many reasons a notice lists; the report has all of them.
const reasonsMost = 25

// notice returns the notice of an import that ended.
func (c *Completer) notice(i ledger.Import, job stack.Job, written *tally) stack.Notice {
	e := stack.NewEvent(stack.NoticeEnded, job)
	e.State, e.Cause, e.Begun, e.Ended, e.Counts, e.Pending = string(i.State), i.Cause, i.Begun, &i.Ended, i.Counts, i.Counts.Pending()
	if i.State == ledger.StateStopped && job.Cancelled() {
		e.State = "cancelled"
	}
	list := written.reasons.Reasons()
	for _, r := range list[:min(len(list), reasonsMost)] {
		e.Reasons = append(e.Reasons, stack.EventReason{Outcome: r.Outcome, Reason: r.Reason, Count: r.Count})
	}
	e.Reports = c.reports(i, job.Vendor, written)
	return stack.Notice{Kind: stack.NoticeEnded, Subject: subject(i), Text: c.text(i, job, written), Event: e}
}

// text returns the notice of an import that ended, for people.
func (c *Completer) text(i ledger.Import, job stack.Job, written *tally) string {
	var b strings.Builder
	p := func(format string, args ...any) { plain.Fprintf(&b, format+"\n", args...) }
	p("Import %s of %s (%s) into account %s, %s is %s.", i.ID, job.Upload.Quoted(), job.Vendor, i.Target.Account, i.Target.Region, i.State)
	if i.Cause != "" {
		p("\nIt was stopped: %s", i.Cause)
	}
	p("\n%s:", progress.Plural(i.Counts.Entries, "entry", "entries"))
	for what, n := range report.Outcomes(i.Counts, i.Counts.Pending()) {
		if n > 0 {
			p("%10s %s", progress.Count(n), what)
		}
	}
	reasons(p, written.reasons.Reasons(), advice.Import{ID: i.ID, Stack: c.Stack})
	p("\nThe report has one line per entry that has an outcome:")
	for _, uri := range c.reports(i, job.Vendor, written) {
		p("  %s", uri)
	}
	b.WriteString("\nWhat to do: " + c.todo(i, job, written) + "\n") // of several lines
	return b.String()
}

func reasons(p func(string, ...any), list []ledger.Reason, of advice.Import) {
	if len(list) > 0 {
		p("\nWhy entries were not imported:")
	}
	for n, r := range list {
		if n == reasonsMost {
			p("  and %s; see the report", progress.Plural(len(list)-n, "other reason", "other reasons"))
			break
		}
		p("  %s %s: %s", progress.Count(r.Count), r.Outcome, r.Reason)
		p("    such as %s: %s", where(r.Examples[0]), r.Examples[0].Detail)
		if hint := of.For(r.Reason).Todo; hint != "" {
			p("    what to do: %s", hint)
		}
	}
}

func where(r ledger.Record) string {
	text := fmt.Sprintf("entry %d", r.Entry)
	if r.Line > 0 {
		text += fmt.Sprintf(" (line %d)", r.Line)
	}
	if r.ThingName != "" {
		text += ", thing " + r.ThingName
	}
	return text
}

func (c *Completer) todo(i ledger.Import, job stack.Job, written *tally) string {
	retry := "thingpress retry " + i.ID + " --stack " + c.Stack
	switch {
	case i.State == ledger.StateStopped && job.Cancelled():
		return "nothing, if this is what you want. What exists already stays as it is. To import the rest: " + retry
	case i.State == ledger.StateStopped:
		return "fix the cause, then go on with: " + retry +
			"\nOr, if the manifest is wrong, upload a corrected one. What exists already stays as it is."
	case written.reasons.Count(ledger.Failed, string(device.ReasonUndeliverable)) > 0:
		return "find the cause in the function's log by the import's ID, then send the undelivered messages again: " +
			"thingpress stack redrive --stack " + c.Stack
	case i.Counts.Failed > 0:
		return "fix the cause, then try again what failed: " + retry +
			"\nOr fix the manifest and upload it again. What exists already stays as it is."
	case i.Counts.Rejected > 0:
		return "fix the entries above, then upload the manifest again. What exists already stays as it is."
	}
	return "nothing. Every entry is accounted for."
}
