package after

import (
	"errors"
	"fmt"

	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
)

// A summaryLine is the result of a later command as JSON.
type summaryLine struct {
	report.Summary
	Verb string `json:"verb"`
	// Command is the ID of the command in the ledger, and Imports are those that it was about.
	Command string   `json:"command,omitempty"`
	Imports []string `json:"imports,omitempty"`
	// Planned are the calls that a dry run would have made; nil if it is none. Its devices are counted
	// as if they had been made.
	Planned map[string]int `json:"planned,omitempty"`

	ended  error
	dryRun bool
}

// waiting returns how many of the kept entries are as wanted, because their grace is not over.
func (s summaryLine) waiting() (n int) {
	for _, f := range s.Failures {
		if f.Reason == string(device.ReasonInGrace) {
			n += f.Count
		}
	}
	return n
}

func summaryOf(s *Session, r Run, record ledger.Import, summary engine.Summary, ended error) summaryLine {
	line := summaryLine{
		Summary: report.SummaryOf(summary, record.Manifests), Verb: r.Verb, Command: record.ID, Imports: record.Of, ended: ended,
	}
	if r.planned != nil {
		line.Planned = r.planned.Calls()
	}
	line.dryRun = r.planned != nil
	if line.Import = ""; len(record.Of) > 0 {
		line.Import = record.Of[0]
	}
	line.State, line.Target, line.Alias = ledger.StateFinished, s.Connection.Target, s.Connection.Alias
	line.UnmatchedOnly, line.UnmatchedSkip = s.Settings.Only.Unmatched(), s.Settings.Skip.Unmatched()
	if ended != nil {
		line.State, line.Error, line.Hint = ledger.StateStopped, ended.Error(), imports.StopHint(ended)
		if errors.Is(ended, engine.ErrInterrupted) {
			line.State = ledger.StateInterrupted
		}
	}
	return line
}

// printSummary prints the summary and returns the error that the command ends with.
func (s *Session) printSummary(line summaryLine, took engine.Summary) error {
	var err error
	if s.Flags.Output == terminal.JSON {
		err = s.Streams.PrintJSON(line)
	} else {
		// All text of others is cleaned, and the stream would clean colours as well.
		_, err = fmt.Fprint(terminal.Raw(s.Streams.Out), s.Streams.WrapOut(s.text(line, took)))
	}
	if err != nil {
		return err
	}
	if s.Flags.Output != terminal.JSON && line.State == ledger.StateStopped {
		plain.Fprintf(s.Streams.Err, "thingpress: %s\n", line.Error)
		if line.Hint != "" {
			plain.Fprintf(s.Streams.Err, "hint: %s\n", line.Hint)
		}
	}
	if s.Flags.Output != terminal.JSON && line.State != ledger.StateFinished {
		plain.Fprintf(s.Streams.Err, "to resume, repeat the command\n")
	}
	return exitOf(line, line.ended, s.Flags.Lists.Missing(line.UnmatchedOnly))
}

func (s *Session) text(line summaryLine, took engine.Summary) string {
	ink := terminal.Green
	switch {
	case line.State != ledger.StateFinished:
		ink = terminal.Red
	case line.Failed > 0 || line.Kept > line.waiting() || line.Rejected > 0:
		ink = terminal.Yellow
	}
	did := progress.Plural(line.Changed, "device", "devices") + " changed"
	switch waiting := line.waiting(); {
	case line.dryRun:
		did = progress.Plural(line.Changed, "device", "devices") + " would be changed (dry run)"
	case waiting > 0:
		did = progress.Plural(waiting, "device has", "devices have") + " both certificates, " + progress.Count(line.Changed) +
			" only the new one,"
	}
	text := s.Streams.Ink(ink, string(line.State)) + fmt.Sprintf(": %s: %s in %s, %s\n", line.Verb, did,
		progress.Duration(took.Took), plain.Text(s.Connection.String()))
	text += report.LaterBalance(line.Counts, line.Pending) + "\n"
	text += imports.CallsText(line.Summary, took)
	if line.dryRun {
		text += "nothing was changed; calls that undo would make: " + progress.Calls(line.Planned) + "\n"
	}
	return text + manifests.ProblemsText(problemsOf(line, took), s.Streams)
}

// problemsOf returns why devices were not changed.
func problemsOf(line summaryLine, took engine.Summary) (list []manifests.Problem) {
	all := "--report FILE.csv"
	if line.dryRun {
		all = "" // it writes none
	}
	for i, f := range line.Failures {
		list = append(list, manifests.Problem{
			Outcome: string(took.Failures[i].Outcome), Reason: f.Reason, Count: f.Count, Examples: f.Examples, Todo: f.Todo,
			AllWith: all,
		})
	}
	return list
}
