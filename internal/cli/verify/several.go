package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/settings"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// A targetsLine is the last line of a verification of several targets as JSON.
type targetsLine struct {
	Type    string       `json:"type"` // "targets"
	Targets []targetLine `json:"targets"`
	Code    int          `json:"exit_code"`
}

// A targetLine is how the verification of one of several targets ended.
type targetLine struct {
	Name     string         `json:"name"`
	Target   *ledger.Target `json:"target,omitempty"` // missing if it could not be reached
	State    string         `json:"state"`
	Devices  int            `json:"devices"`
	Drifted  int            `json:"drifted"`
	Unread   int            `json:"unread"`
	Rejected int            `json:"rejected"`
	Seconds  float64        `json:"seconds"`
	Error    string         `json:"error,omitempty"`
	Hint     string         `json:"hint,omitempty"`
	Code     int            `json:"exit_code"`
}

// stateNotBegun is the state of a target that was not verified.
const stateNotBegun = "not begun"

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
	end := targetsLine{Type: "targets"}
	var p passes
	defer p.close()
	var codes []int
	for _, o := range all {
		line := targetLine{Name: o.name, State: stateNotBegun, Code: exit.Interrupted}
		if ctx.Err() == nil {
			line = o.verifyTarget(ctx, &p, args, streams, end.Targets)
		}
		if p.failed != nil {
			return p.failed
		}
		end.Targets, codes = append(end.Targets, line), append(codes, line.Code)
	}
	end.Code = exit.Worst(codes)
	if err := end.print(all[0].Output, streams); err != nil {
		return err
	}
	return exit.Silently(end.Code)
}

// verifyTarget verifies manifests in one of several targets, and prints what was found. Before are the targets that were
// verified.
func (o *options) verifyTarget(ctx context.Context, p *passes, args []string, streams terminal.Streams, before []targetLine) targetLine {
	line := targetLine{Name: o.name, State: stateNotBegun}
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
			if other.Target != nil && *other.Target == *line.Target {
				err = fmt.Errorf("target %s is the same: %s", other.Name, f.connection)
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
	if line.Code = exit.Code(err); line.Code == exit.Usage {
		line.Code = exit.Failure // the command line is right for the other targets
	}
	if err != nil && err.Error() != "" && p.failed == nil {
		line.Error, line.Hint = err.Error(), exit.Hint(err)
		streams.PrintError(o.name+": "+line.Error, line.Hint)
	}
	return line
}

// print prints the table of all targets.
func (l targetsLine) print(output terminal.Output, streams terminal.Streams) error {
	if output == terminal.JSON {
		return streams.PrintJSON(l)
	}
	if _, err := plain.Fprintf(streams.Out, "\n"); err != nil {
		return err
	}
	table := streams.Table([]terminal.Column{
		{Name: "TARGET", Cut: true},
		{Name: "ACCOUNT", Drop: 2},
		{Name: "REGION", Drop: 3},
		{Name: "STATE"},
		{Name: "DEVICES", Number: true},
		{Name: "DRIFTED", Number: true},
		{Name: "UNREAD", Number: true},
		{Name: "REJECTED", Number: true},
		{Name: "TIME", Drop: 1},
	})
	number := func(n int) string { return fmt.Sprint(n) }
	for _, t := range l.Targets {
		var to ledger.Target
		if t.Target != nil {
			to = *t.Target
		}
		took := progress.Duration(time.Duration(t.Seconds * float64(time.Second)))
		table.Row(t.Name, to.Account, to.Region, t.State, number(t.Devices), number(t.Drifted), number(t.Unread), number(t.Rejected), took)
	}
	return table.Flush()
}
