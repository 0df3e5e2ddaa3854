package stacks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/verify"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// A commandLine is the result of a command over imports as JSON. Its fields are those of the local command,
// and the name of the stack.
type commandLine struct {
	report.Summary
	Verb    string         `json:"verb"`
	Command string         `json:"command"`
	Imports []string       `json:"imports"`
	Planned map[string]int `json:"planned,omitempty"`
	Stack   string         `json:"stack"`
}

// end prints the result of a command that has ended.
func (g *giving) end(ctx context.Context, i operate.Import) error {
	p, err := functions.ReadCommandProgress(i.Job)
	if err != nil {
		return err
	}
	failures, err := g.failuresOf(ctx, i, p)
	if err != nil {
		return err
	}
	if err := imports.ShowUnmatched(g.streams.Err, p.UnmatchedOnly, p.UnmatchedSkip); err != nil {
		return err
	}
	if p.MoreUnmatched > 0 {
		plain.Fprintf(g.streams.Err, "and %s\n", progress.Plural(p.MoreUnmatched, "more line matches no device", "more lines match no device"))
	}
	if g.command.Verb == functions.VerbVerify {
		return g.endVerify(ctx, i, p, failures)
	}
	line := g.lineOf(i, p, failures)
	if g.output == terminal.JSON {
		err = g.streams.PrintJSON(line)
	} else {
		_, err = fmt.Fprint(terminal.Raw(g.streams.Out), g.streams.WrapOut(g.text(i, line, failures)))
	}
	if err != nil {
		return err
	}
	missing := len(p.UnmatchedOnly) > 0 && !g.command.IgnoreUnmatched
	switch {
	case i.Stopped():
		return exit.Silently(exit.Failure)
	case line.Pending > 0, line.Failed > 0, line.Kept > 0, missing:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

// lineOf returns the result of a command.
func (g *giving) lineOf(i operate.Import, p functions.CommandProgress, failures []ledger.Reason) commandLine {
	counts := i.Counts()
	if i.Record == nil {
		counts = p.Counts
	}
	var all []ledger.Manifest
	for _, one := range g.imports {
		all = append(all, one.Record.Manifests...)
	}
	line := commandLine{
		Summary: report.SummaryOf(engine.Summary{
			Import: g.command.Of[0], Counts: counts, Pending: counts.Pending(), Took: p.Worked, Tally: call.Tally{Calls: p.Calls},
			Failures: failures,
		}, all),
		Verb: g.command.Verb, Command: i.Job.Import, Imports: g.command.Of, Planned: p.Planned, Stack: g.stack.Name,
	}
	for n := range line.Failures {
		line.Failures[n].Todo = advisedOf(i, g.stack.Name).For(line.Failures[n].Reason).Todo
	}
	line.State, line.Target, line.Error = ledger.State(i.State()), g.imports[0].Record.Target, i.Cause()
	line.UnmatchedOnly, line.UnmatchedSkip = p.UnmatchedOnly, p.UnmatchedSkip
	return line
}

func (g *giving) text(i operate.Import, line commandLine, failures []ledger.Reason) string {
	ink := terminal.Green
	switch {
	case i.Stopped():
		ink = terminal.Red
	case line.Failed+line.Kept > 0:
		ink = terminal.Yellow
	}
	did := "changed"
	if g.command.DryRun {
		did = "would be changed (dry run)"
	}
	text := g.streams.Ink(ink, string(line.State)) + plain.Sprintf(": %s: %s %s in %s, account %s, %s\n", line.Verb,
		progress.Plural(line.Changed, "device", "devices"), did, progress.Duration(time.Duration(line.Seconds*float64(time.Second))),
		g.stack.ID, g.stack.Region)
	var parts []string
	for _, o := range ledger.LaterOutcomes() {
		if n := line.Of(o); n > 0 || o == ledger.Changed {
			parts = append(parts, progress.Count(int64(n))+" "+string(o))
		}
	}
	if line.Pending > 0 {
		parts = append(parts, progress.Count(int64(line.Pending))+" pending")
	}
	text += entries(line.Entries) + " = " + strings.Join(parts, " + ") + "\n"
	if line.Error != "" {
		text += plain.Sprintf("cause: %s\n", line.Error)
	}
	if g.command.DryRun {
		text += "nothing was changed; calls that undo would make: " + progress.Calls(line.Planned) + "\n"
	}
	var problems []manifests.Problem
	for n, f := range line.Failures {
		problems = append(problems, manifests.Problem{
			Outcome: string(failures[n].Outcome), Reason: f.Reason, Count: f.Count, Examples: f.Examples, Todo: f.Todo,
			AllWith: "report " + line.Command,
		})
	}
	return text + manifests.ProblemsText(problems, g.streams)
}

// endVerify prints what verify found.
func (g *giving) endVerify(ctx context.Context, i operate.Import, p functions.CommandProgress, failures []ledger.Reason) error {
	r := verify.StackResult{
		Import: *g.imports[0].Record, Advised: advisedOf(i, g.stack.Name), Command: i.Job, Progress: p, Reasons: failures,
		Where: fmt.Sprintf("account %s, %s", g.stack.ID, g.stack.Region), Findings: g.stack.Findings(ctx, p),
	}
	if g.command.Fix {
		counts := i.Counts()
		r.Fixed = &counts
	}
	if g.report != "" {
		if err := g.writeFindings(ctx, p); err != nil {
			return err
		}
		plain.Fprintf(g.streams.Err, "report: %s\n", g.report)
	}
	return verify.PrintStack(g.streams, g.output, r)
}

// checkFindingsFile returns an error if the findings cannot be written to a file.
func checkFindingsFile(name string, overwrite bool) error {
	if _, err := report.New(io.Discard, filepath.Ext(name)); err != nil {
		return exit.UsageError(fmt.Errorf("report %s: %w", name, err), "name a file that ends in .jsonl or .csv")
	}
	return exit.Occupied(name, overwrite)
}

// writeFindings writes every difference into a file, as the local command does.
func (g *giving) writeFindings(ctx context.Context, p functions.CommandProgress) error {
	return newfile.Write(g.report, func(to io.Writer) error {
		w, err := report.New(to, filepath.Ext(g.report))
		if err != nil {
			return err
		}
		for text, err := range g.stack.Findings(ctx, p) {
			if err != nil {
				return err
			}
			row, err := rowOf(text, g.command.Of[0])
			if err == nil {
				err = w.Write(row)
			}
			if err != nil {
				return fmt.Errorf("report %s: %w", g.report, err)
			}
		}
		return w.Flush()
	})
}

// rowOf returns a difference as a row of a report.
func rowOf(text json.RawMessage, importID string) (row report.Row, err error) {
	var line struct {
		functions.DriftLine
		State string `json:"state"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		return row, err
	}
	row = report.Row{
		Type: "outcome", Import: importID, Manifest: line.Manifest, Entry: line.Entry, Line: line.Line, ID: line.ID, ThingName: line.Thing,
		CertificateID: line.CertificateID, Outcome: string(engine.OutcomeDrift), Reason: string(line.Reason), Detail: line.Detail,
		At: time.Now().UTC(),
	}
	if line.State != "" {
		row.Outcome = line.State
	}
	return row, nil
}
