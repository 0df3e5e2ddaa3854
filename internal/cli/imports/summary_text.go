package imports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/manifests"
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
	text := headline(s, took, c, streams) + "\n" + report.Balance(s.Counts, s.Pending) + "\n" + CallsText(s, took)
	text += manifests.ProblemsText(problemsOf(s.Failures, s.Rejections), streams)
	for _, line := range unmatchedText(s.UnmatchedOnly, s.UnmatchedSkip) {
		text += plain.Text(line) + "\n"
	}
	// All text of others is cleaned above, and the stream would clean colours as well.
	if _, err := fmt.Fprint(terminal.Raw(streams.Out), streams.WrapOut(text)); err != nil {
		return err
	}
	if s.State == ledger.StateStopped {
		streams.PrintError(s.Error, s.Hint)
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

// CallsText returns the calls of a run, and the rate that the quotas allow.
func CallsText(s report.Summary, took engine.Summary) string {
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

// problemsOf returns why entries were not imported.
func problemsOf(failures []report.Failure, rejections []report.Rejection) (list []manifests.Problem) {
	const listed = "--report FILE.csv"
	for _, f := range failures {
		list = append(list, manifests.Problem{
			Outcome: "failed", Reason: f.Reason, Count: f.Count, Examples: f.Examples, Todo: f.Todo, AllWith: listed,
		})
	}
	for _, r := range rejections {
		list = append(list, manifests.Problem{
			Outcome: "rejected", Reason: string(r.Reason), Count: r.Count, Examples: r.Examples, Todo: r.Todo, AllWith: listed,
		})
	}
	return list
}
