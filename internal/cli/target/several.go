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

// Ending returns the outcome itself. What embeds it is a [Line] with it.
func (o Outcome) Ending() Outcome { return o }

// A Line is how a command over several targets ended in one of them, as JSON that embeds an [Outcome].
type Line interface {
	Ending() Outcome
	// Numbers are for the columns of the table.
	Numbers() []int
}

// targetsLine is the last line of a command over several targets as JSON.
type targetsLine struct {
	Type    string `json:"type"` // "targets"
	Targets []Line `json:"targets"`
	Code    int    `json:"exit_code"`
}

// EndSeveral prints how a command over several targets ended, as JSON or as a table with columns for its numbers. It returns
// the error that the command ends with.
func EndSeveral(lines []Line, numbers []terminal.Column, output terminal.Output, streams terminal.Streams) error {
	var codes []int
	for _, l := range lines {
		codes = append(codes, l.Ending().Code)
	}
	code := exit.Worst(codes)
	var err error
	if output == terminal.JSON {
		err = streams.PrintJSON(targetsLine{Type: "targets", Targets: lines, Code: code})
	} else {
		err = printTargets(lines, numbers, streams)
	}
	if err != nil {
		return err
	}
	return exit.Silently(code)
}

// printTargets prints a table of all targets.
func printTargets(lines []Line, numbers []terminal.Column, streams terminal.Streams) error {
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
		o := l.Ending()
		var to ledger.Target
		if o.Target != nil {
			to = *o.Target
		}
		cells := []string{o.Name, to.Account, to.Region, o.State}
		for _, n := range l.Numbers() {
			cells = append(cells, strconv.Itoa(n))
		}
		table.Row(append(cells, progress.Duration(time.Duration(o.Seconds*float64(time.Second))))...)
	}
	return table.Flush()
}
