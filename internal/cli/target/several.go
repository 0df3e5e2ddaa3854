package target

import (
	"slices"
	"strconv"
	"time"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// NotBegun is the state of a target in which a command over several did not begin.
const NotBegun = "not begun"

// An Outcome is how a command over several targets ended in one of them, as JSON.
type Outcome struct {
	Name    string         `json:"name"`
	Target  *ledger.Target `json:"target,omitempty"` // missing if it could not be reached
	State   string         `json:"state"`
	Seconds float64        `json:"seconds"`
	Error   string         `json:"error,omitempty"`
	Hint    string         `json:"hint,omitempty"`
	Code    int            `json:"exit_code"`
}

// Ended sets the exit code to that of an error, which may be nil. The command line is right for the other targets, so that
// wrong usage in one is a failure.
func (o *Outcome) Ended(err error) {
	if o.Code = exit.Code(err); o.Code == exit.Usage {
		o.Code = exit.Failure
	}
}

// A Line is how a command over several targets ended in one of them: the line of JSON, in which the [Outcome] is embedded,
// and the numbers for the columns of the table.
type Line[J any] struct {
	Outcome Outcome
	JSON    J
	Numbers []int
}

// targetsLine is the last line of a command over several targets as JSON.
type targetsLine[J any] struct {
	Type    string `json:"type"` // "targets"
	Targets []J    `json:"targets"`
	Code    int    `json:"exit_code"`
}

// EndSeveral prints how a command over several targets ended, as JSON or as a table with columns for its numbers. It returns
// the error that the command ends with.
func EndSeveral[J any](lines []Line[J], numbers []terminal.Column, output terminal.Output, streams terminal.Streams) error {
	end := targetsLine[J]{Type: "targets"}
	var codes []int
	for _, l := range lines {
		end.Targets, codes = append(end.Targets, l.JSON), append(codes, l.Outcome.Code)
	}
	end.Code = exit.Worst(codes)
	var err error
	if output == terminal.JSON {
		err = streams.PrintJSON(end)
	} else {
		err = printTargets(lines, numbers, streams)
	}
	if err != nil {
		return err
	}
	return exit.Silently(end.Code)
}

// printTargets prints a table of all targets.
func printTargets[J any](lines []Line[J], numbers []terminal.Column, streams terminal.Streams) error {
	if _, err := plain.Fprintf(streams.Out, "\n"); err != nil {
		return err
	}
	table := streams.Table(slices.Concat([]terminal.Column{
		{Name: "TARGET", Cut: true},
		{Name: "ACCOUNT", Drop: 2},
		{Name: "REGION", Drop: 3},
		{Name: "STATE"},
	}, numbers, []terminal.Column{{Name: "TIME", Drop: 1}}))
	for _, l := range lines {
		var to ledger.Target
		if l.Outcome.Target != nil {
			to = *l.Outcome.Target
		}
		cells := []string{l.Outcome.Name, to.Account, to.Region, l.Outcome.State}
		for _, n := range l.Numbers {
			cells = append(cells, strconv.Itoa(n))
		}
		table.Row(append(cells, progress.Duration(time.Duration(l.Outcome.Seconds*float64(time.Second))))...)
	}
	return table.Flush()
}
