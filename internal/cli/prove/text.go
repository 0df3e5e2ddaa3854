package prove

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

// print prints the result and returns the error that the command ends with.
func (r *results) print(l proofLine, o *options, streams terminal.Streams) error {
	if o.Report != "" && !o.Quiet {
		plain.Fprintf(streams.Err, "report: %s\n", o.Report)
	}
	err := r.failed
	if err == nil && r.json {
		err = streams.PrintJSON(l)
	} else if err == nil {
		err = r.printText(l, streams)
	}
	if err != nil {
		return err
	}
	return exitOf(l, o.Lists.Missing(l.UnmatchedOnly))
}

// printText prints the result for people: a sentence, the requests as a table, the numbers of devices, and why
// devices are refused.
func (r *results) printText(l proofLine, streams terminal.Streams) error {
	ink := terminal.Green
	switch {
	case l.State != ledger.StateFinished:
		ink = terminal.Red
	case l.Refused > 0 || l.Unproven > 0:
		ink = terminal.Yellow
	}
	// All text of others is cleaned here, and the stream would clean colours as well.
	raw := terminal.Raw(streams.Out)
	if _, err := fmt.Fprint(raw, streams.WrapOut(fmt.Sprintf("%s: prove: %s connected over MQTT %s in %s, %s\n\n",
		streams.Ink(ink, string(l.State)), progress.Plural(l.Requests[0].Allowed, "device", "devices"), l.Protocol,
		progress.Duration(time.Duration(l.Seconds*float64(time.Second))), plain.Text(r.prover.session.Connection.String())))); err != nil {
		return err
	}
	t := streams.Table([]terminal.Column{
		{Name: "REQUEST"}, {Name: "ALLOWED", Number: true}, {Name: "REFUSED", Number: true}, {Name: "UNPROVEN", Number: true},
	})
	for _, row := range l.Requests {
		t.Row(row.Request, progress.Count(row.Allowed), progress.Count(row.Refused), progress.Count(row.Unproven))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(raw, streams.WrapOut(numbersText(l)+manifests.ProblemsText(problemsOf(l), streams)))
	if err == nil && l.State == ledger.StateStopped {
		plain.Fprintf(streams.Err, "thingpress: %s\n", l.Error)
		if l.Hint != "" {
			plain.Fprintf(streams.Err, "hint: %s\n", l.Hint)
		}
	}
	return err
}

// numbersText says how many devices of the import were proven, and which were not.
func numbersText(l proofLine) string {
	var b strings.Builder
	parts := []string{progress.Count(l.Allowed) + " allowed everything", progress.Count(l.Refused) + " refused something"}
	for _, n := range []struct {
		count int
		what  string
	}{{l.Unproven, "unproven"}, {l.NoKey, "without a key"}, {l.Skipped - l.NoKey, "skipped"}, {l.Pending, "pending"}} {
		if n.count > 0 {
			parts = append(parts, progress.Count(n.count)+" "+n.what)
		}
	}
	fmt.Fprintf(&b, "\n%s = %s\n", progress.Plural(l.Entries, "entry", "entries"), strings.Join(parts, " + "))
	if l.NoKey > 0 {
		plain.Fprintf(&b, "devices without a key: %s\n", named(l.Keyless, l.NoKey, "--report FILE.csv lists all"))
	}
	if l.UnusedKeys > 0 {
		plain.Fprintf(&b, "keys of no device of the import: %s\n", named(l.KeyFiles, l.UnusedKeys, ""))
	}
	if l.Unreadable > 0 {
		plain.Fprintf(&b, "files without a private key that can be read: %s\n", named(l.NoKeyFiles, l.Unreadable, ""))
	}
	return b.String()
}

// named lists the first names, and says how many more there are.
func named(names []string, all int, where string) string {
	text := strings.Join(names, ", ")
	if more := all - len(names); more > 0 {
		text += ", and " + progress.Count(more) + " more"
		if where != "" {
			text += "; " + where
		}
	}
	return text
}

func problemsOf(l proofLine) (list []manifests.Problem) {
	for _, reason := range l.Reasons {
		list = append(list, manifests.Problem{
			Outcome: reason.Outcome, Reason: reason.Reason, Count: reason.Count, Examples: reason.Examples, Todo: reason.Todo,
			AllWith: "--report FILE.csv",
		})
	}
	return list
}
