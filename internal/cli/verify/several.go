package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/settings"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
)

// A targetLine is how the verification of one of several targets ended, as JSON.
type targetLine struct {
	target.Outcome
	Devices  int `json:"devices"`
	Drifted  int `json:"drifted"`
	Unread   int `json:"unread"`
	Rejected int `json:"rejected"`
}

// Numbers implements [target.Line] with the numbers of numberColumns.
func (l targetLine) Numbers() []int { return []int{l.Devices, l.Drifted, l.Unread, l.Rejected} }

// numberColumns are the columns of a table of several targets that have the numbers of verifications.
var numberColumns = []terminal.Column{
	{Name: "DEVICES", Number: true},
	{Name: "DRIFTED", Number: true},
	{Name: "UNREAD", Number: true},
	{Name: "REJECTED", Number: true},
}

// verifySeveral verifies manifests in several targets, one after the other. They are read once for all in which the same
// is wanted. An error of one target does not concern the others.
func verifySeveral(ctx context.Context, names []string, c *cobra.Command, args []string, streams terminal.Streams) error {
	switch {
	case namesImport(args):
		return exit.UsageError(errors.New("an import is in one target, and cannot be verified in several"),
			"name the target of the import alone, or the manifests instead of the import")
	case c.Flags().Changed("report"):
		return exit.UsageError(errors.New("--report cannot be combined with several targets"), "leave it out, or write a report of each target")
	}
	all := make([]*options, len(names))
	for i, name := range names {
		one, o := newCommand(streams)
		if err := settings.ForTarget(one.Flags(), c.Flags(), c.CommandPath(), name, streams); err != nil {
			return err
		}
		if err := o.checkFlags(one.Flags(), false); err != nil {
			return err
		}
		o.name, all[i] = name, o
	}
	var p passes
	defer p.close()
	var lines []target.Line
	for _, o := range all {
		line := targetLine{Outcome: target.Outcome{Name: o.name, State: target.NotBegun, Code: exit.Interrupted}}
		if ctx.Err() == nil {
			line = o.verifyTarget(ctx, &p, args, streams, lines)
		}
		if p.failed != nil {
			return p.failed
		}
		lines = append(lines, line)
	}
	return target.EndSeveral(lines, numberColumns, all[0].Output, streams)
}

// verifyTarget verifies manifests in one of several targets, and prints what was found. Before are the targets that were
// verified.
func (o *options) verifyTarget(ctx context.Context, p *passes, args []string, streams terminal.Streams, before []target.Line) targetLine {
	line := targetLine{Outcome: target.Outcome{Name: o.name, State: target.NotBegun}}
	if o.Output != terminal.JSON {
		if len(before) > 0 {
			plain.Fprintf(streams.Out, "\n")
		}
		plain.Fprintf(streams.Out, "%s\n", o.name)
	}
	f, err := o.openManifests(ctx, p, args, streams)
	if err == nil {
		defer f.close()
		line.Target = &f.connection.Target
		for _, other := range before {
			if o := other.Ending(); o.Target != nil && *o.Target == *line.Target {
				err = fmt.Errorf("target %s is the same: %s", o.Name, f.connection)
			}
		}
	}
	if err == nil {
		var v verificationLine
		v, err = f.verify(ctx, o, streams)
		if v.State != "" {
			line.State, line.Devices, line.Drifted, line.Unread, line.Rejected = string(v.State), v.Devices, v.Drifted, v.Unread, v.Rejected
			line.Seconds, line.Error, line.Hint = v.Seconds, v.Error, v.Hint
		}
	}
	if ctx.Err() != nil {
		err = exit.AfterInterrupt(err)
	}
	line.Ended(err)
	if err != nil && err.Error() != "" && p.failed == nil {
		line.Error, line.Hint = err.Error(), exit.Hint(err)
		streams.PrintError(o.name+": "+line.Error, line.Hint)
	}
	return line
}
