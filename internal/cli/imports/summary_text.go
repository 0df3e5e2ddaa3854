package imports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
)

// printSummary prints the summary for people: a headline, the counts, why entries were not
// imported, and what to type next. Resume is the command that resumes the import.
func printSummary(s report.Summary, took engine.Summary, c *target.Connection, resume string, streams terminal.Streams) error {
	text := headline(s, took, c, streams) + "\n" + report.Balance(s.Counts, s.Pending) + "\n" + callsText(s, took)
	text += reasonsText(s.Failures, s.Rejections, streams)
	for _, line := range unmatchedText(s.UnmatchedOnly, s.UnmatchedSkip) {
		text += plain.Text(line) + "\n"
	}
	// All text of others is cleaned above, and the stream would clean colours as well.
	if _, err := fmt.Fprint(terminal.Raw(streams.Out), text); err != nil {
		return err
	}
	if s.State == ledger.StateStopped {
		plain.Fprintf(streams.Err, "thingpress: %s\n", s.Error)
		if s.Hint != "" {
			plain.Fprintf(streams.Err, "hint: %s\n", s.Hint)
		}
	}
	if s.State != ledger.StateFinished || s.Failed > 0 {
		plain.Fprintf(streams.Err, "to resume: %s\n", resume)
	}
	return nil
}

// headline returns what the import did, how long it took, and where.
func headline(s report.Summary, took engine.Summary, c *target.Connection, streams terminal.Streams) string {
	ink := terminal.Green
	switch {
	case s.State != ledger.StateFinished:
		ink = terminal.Red
	case s.Failed > 0 || s.Rejected > 0:
		ink = terminal.Yellow
	}
	what := "imported"
	switch {
	case s.Unchanged > 0 && s.Imported == 0:
		what = "unchanged"
	case s.Unchanged > 0:
		what = "imported or unchanged"
	}
	text := streams.Ink(ink, string(s.State)) + fmt.Sprintf(": %s of %s %s in %s", count(s.Imported+s.Unchanged),
		progress.Plural(s.Entries, "entry", "entries"), what, progress.Duration(took.Took))
	if rate := took.Rate(); rate > 0 {
		text += " (" + progress.Rate(rate) + "/s)"
	}
	return text + ", " + plain.Text(c.String()) + "\nimport " + s.Import
}

func callsText(s report.Summary, took engine.Summary) string {
	var calls []string
	total := 0
	for _, op := range slices.Sorted(maps.Keys(s.Calls)) {
		calls = append(calls, count(s.Calls[op])+" "+op)
		total += s.Calls[op]
	}
	if total == 0 {
		return ""
	}
	text := fmt.Sprintf("%s, %s throttled, %s: %s\n", progress.Plural(total, "call", "calls"), count(s.Throttled),
		progress.Plural(s.Retries, "retry", "retries"), strings.Join(calls, ", "))
	if s.Ceiling != nil {
		text += fmt.Sprintf("ceiling %s devices/s, by the quota of %s\n", progress.Rate(took.Ceiling), s.Binding)
	}
	return text
}

// reasonsText lists why entries were not imported, with the first entries of each reason and what
// to do about them.
func reasonsText(failures []report.Failure, rejections []report.Rejection, streams terminal.Streams) string {
	var b strings.Builder
	reason := func(n int, outcome, code string, examples []report.Example, todo string) {
		b.WriteString("\n" + streams.Ink(terminal.Red, count(n)+" "+outcome) + ": " + plain.Text(code) + "\n")
		for _, e := range examples {
			plain.Fprintf(&b, "  %s\n    %s\n", exampleText(e), e.Detail)
		}
		if n > len(examples) && len(examples) > 0 {
			fmt.Fprintf(&b, "  and %s more; --report FILE.csv lists all\n", count(n-len(examples)))
		}
		if todo != "" {
			plain.Fprintf(&b, "  what to do: %s\n", todo)
		}
	}
	for _, f := range failures {
		reason(f.Count, "failed", f.Reason, f.Examples, f.Todo)
	}
	for _, r := range rejections {
		reason(r.Count, "rejected", string(r.Reason), r.Examples, r.Todo)
	}
	return b.String()
}

// exampleText says which entry an example is.
func exampleText(e report.Example) string {
	var parts []string
	if e.Thing != "" {
		parts = append(parts, "thing "+e.Thing)
	}
	if e.ID != "" && e.ID != e.Thing {
		parts = append(parts, "ID "+e.ID)
	}
	place := fmt.Sprintf("entry %d", e.Entry)
	if e.Line > 0 {
		place += fmt.Sprintf(" (line %d)", e.Line)
	}
	return strings.Join(append(parts, place+" of "+e.Manifest), ", ")
}
