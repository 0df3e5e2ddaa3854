package verify

import (
	"encoding/json"
	"fmt"
	"iter"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/stack"
)

// A StackResult is what a stack found when it verified an import.
type StackResult struct {
	Import  ledger.Import
	Command stack.Job
	// Advised is the import for orders that name it.
	Advised advice.Import
	// Progress is that of the command.
	Progress stack.CommandProgress
	// Fixed are the outcomes of --fix, and Reasons why devices still differ; nil without --fix.
	Fixed   *ledger.Counts
	Reasons []ledger.Reason
	// Where is the account and region for people.
	Where string
	// Findings are the differences, as JSON objects.
	Findings iter.Seq2[json.RawMessage, error]
}

// PrintStack prints what a stack found as the local command does, and returns the error that the command
// ends with.
func PrintStack(streams terminal.Streams, output terminal.Output, r StackResult) error {
	v := stack.Verified{}
	if r.Progress.Verified != nil {
		v = *r.Progress.Verified
	}
	f := &fleet{
		Fleet: &engine.Fleet{Uncheckable: v.Uncheckable}, importID: r.Import.ID, manifests: r.Import.Manifests, advised: r.Advised,
	}
	line := f.lineOf(engine.Verification{
		Devices: v.Devices, Drifted: v.Drifted, Unread: v.Unread, Sample: v.Sample, SampleDrifted: v.SampleDrifted, Whole: v.Whole,
		OneSided: v.OneSided, Findings: v.Findings, Made: r.Progress.Calls, Took: r.Progress.Worked,
	})
	line.Target, line.where = r.Import.Target, r.Where
	line.UnmatchedOnly, line.UnmatchedSkip = r.Progress.UnmatchedOnly, r.Progress.UnmatchedSkip
	line.State = ledger.StateFinished
	if cause := r.Command.Cause; cause != "" {
		line.State, line.Error = ledger.StateStopped, cause
	}
	if r.Fixed != nil {
		line.Fixed = &fixedLine{
			Command: r.Command.Import, Changed: r.Fixed.Changed, Left: r.Fixed.Failed, Mended: max(0, v.Drifted-r.Fixed.Failed),
			Calls: map[string]int{},
		}
		for _, reason := range r.Reasons {
			line.Fixed.Reasons = append(line.Fixed.Reasons, f.findingOf(reason))
		}
	}
	if r.Command.Command.Connected {
		line.Connections = &connectionsLine{Seen: v.Seen, Connected: v.Connected, Never: v.Never, Unknown: v.Unknown, Unread: v.Unindexed}
	}
	if v.Unreadable != "" {
		plain.Fprintf(streams.Err, "certificates that are gone cannot be registered: %s\nupload the manifest again, which registers them\n",
			v.Unreadable)
	}
	if output != terminal.JSON {
		// All text of others is cleaned, and the stream would clean colours as well.
		if _, err := fmt.Fprint(terminal.Raw(streams.Out), streams.WrapOut((&results{fleet: f, streams: streams}).text(line))); err != nil {
			return err
		}
		if line.Error != "" {
			plain.Fprintf(streams.Err, "thingpress: %s\n", line.Error)
		}
	} else {
		for found, err := range r.Findings {
			if err == nil {
				err = streams.PrintJSON(found)
			}
			if err != nil {
				return err
			}
		}
		if err := streams.PrintJSON(line); err != nil {
			return err
		}
	}
	return exitOf(line, len(line.UnmatchedOnly) > 0 && !r.Command.Command.IgnoreUnmatched)
}
