package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/report"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
)

// finish writes the report and prints the summary.
func (run *importRun) finish(ctx context.Context, summary engine.Summary, ended error) error {
	state := stateOf(ended)
	var reported error
	if run.report != nil {
		// The outcomes are written down also where the run was interrupted.
		ctx = context.WithoutCancel(ctx)
		reported = run.report.Write(run.record, run.ledger.Records(ctx, run.record.ID))
	}
	if err := errors.Join(reported, run.printSummary(state, summary, ended)); err != nil {
		return err
	}
	switch state {
	case ledger.StateStopped:
		return &exitError{code: ExitFailure}
	case ledger.StateInterrupted:
		return &exitError{code: ExitInterrupted}
	}
	if !summary.Complete() {
		return &exitError{code: ExitIncomplete}
	}
	return nil
}

func stateOf(ended error) ledger.State {
	switch {
	case ended == nil:
		return ledger.StateFinished
	case errors.Is(ended, engine.ErrInterrupted):
		return ledger.StateInterrupted
	}
	return ledger.StateStopped
}

// printDryRun says that nothing was imported, and what would be.
func (run *importRun) printDryRun() error {
	if run.options.output == outputText {
		_, err := fmt.Fprintln(run.streams.Out, "dry run: nothing was imported")
		return err
	}
	s := run.scan
	line := struct {
		Type       string             `json:"type"`
		Target     ledger.Target      `json:"target"`
		Alias      string             `json:"alias,omitempty"`
		Entries    int                `json:"entries"`
		Devices    int                `json:"devices"`
		Rejected   int                `json:"rejected"`
		Skipped    int                `json:"skipped"`
		Ceiling    *float64           `json:"ceiling"` // null: no quota limits the path
		Binding    iot.Operation      `json:"binding_quota"`
		Rejections []report.Rejection `json:"rejections,omitempty"`
	}{
		Type: "dry_run", Target: run.connection.target, Alias: run.connection.alias,
		Entries: s.Entries, Devices: s.Devices, Rejected: s.Rejected, Skipped: s.Skipped, Rejections: run.rejections(),
	}
	if ceiling, binding := engine.FreshCeiling(run.quotas, run.settings.Attachments); !math.IsInf(ceiling, 1) {
		line.Ceiling, line.Binding = &ceiling, binding
	}
	return json.NewEncoder(run.streams.Out).Encode(line)
}

func (p *preparation) rejections() []report.Rejection {
	return report.RejectionsOf(p.scan.Reasons, func(r manifest.Reason) string { return advice.For(r, advice.CLI).Todo })
}

func (run *importRun) printSummary(state ledger.State, s engine.Summary, ended error) error {
	if run.options.output == outputJSON {
		return run.summaryJSON(state, s, ended)
	}
	run.printer.Close()
	text := run.summaryText(state, s)
	if _, err := fmt.Fprint(run.streams.Out, text); err != nil {
		return err
	}
	if state == ledger.StateStopped {
		fmt.Fprintf(run.streams.Err, "thingpress: %v\n", ended)
		if hint := stopHint(ended); hint != "" {
			fmt.Fprintf(run.streams.Err, "hint: %s\n", hint)
		}
	}
	if state != ledger.StateFinished || s.Counts.Failed > 0 || s.Counts.Rejected > 0 {
		fmt.Fprintf(run.streams.Err, "the same command line resumes it, or: thingpress import --resume %s%s\n", run.record.ID, run.sameLedger())
	}
	return nil
}

// sameLedger are the flags that --resume needs to find the ledger again.
func (run *importRun) sameLedger() string {
	o, flags := run.options, ""
	for _, f := range [][2]string{
		{"--ledger", o.ledger}, {"--endpoint-url", o.endpointURL}, {"--region", o.region}, {"--profile", o.profile}, {"--sandbox-state", o.sandboxState},
	} {
		if f[1] != "" {
			flags += " " + f[0] + " " + f[1]
		}
	}
	if o.sandbox {
		flags += " --sandbox"
	}
	return flags
}

func stopHint(err error) string {
	var stop *call.StopError
	if errors.As(err, &stop) {
		return advice.Of(stop, advice.CLI).Todo
	}
	return ""
}

// summaryJSON prints the summary with what only the command knows.
func (run *importRun) summaryJSON(state ledger.State, s engine.Summary, ended error) error {
	line := report.SummaryOf(s)
	line.State, line.Target, line.Alias, line.Rejections = state, run.record.Target, run.connection.alias, run.rejections()
	if ended != nil {
		line.Error, line.Hint = ended.Error(), stopHint(ended)
	}
	return json.NewEncoder(run.streams.Out).Encode(line)
}

func (run *importRun) summaryText(state ledger.State, s engine.Summary) string {
	var b strings.Builder
	n := func(n int) string { return progress.Count(int64(n)) }
	fmt.Fprintf(&b, "import %s %s: %s\n", s.Import, state, run.connection)
	c := s.Counts
	fmt.Fprintf(&b, "%s entries = %s imported + %s unchanged + %s failed + %s rejected + %s skipped + %s pending\n",
		n(c.Entries), n(c.Imported), n(c.Unchanged), n(c.Failed), n(c.Rejected), n(c.Skipped), n(s.Pending))
	fmt.Fprintf(&b, "%s, %s devices/s", progress.Duration(s.Took), progress.Rate(s.Rate()))
	if s.Ceiling > 0 && !math.IsInf(s.Ceiling, 0) {
		fmt.Fprintf(&b, "; ceiling %s devices/s, bound by %s", progress.Rate(s.Ceiling), s.Binding)
	}
	b.WriteByte('\n')
	calls := make([]string, 0, len(s.Calls))
	total := 0
	for _, op := range slices.Sorted(maps.Keys(s.Calls)) {
		calls = append(calls, n(s.Calls[op])+" "+op)
		total += s.Calls[op]
	}
	if total > 0 {
		fmt.Fprintf(&b, "%s calls: %s; %s throttled, %s retries\n", n(total), strings.Join(calls, ", "), n(s.Throttled), n(s.Retries))
	}
	for _, f := range report.FailuresOf(s.Failures) {
		fmt.Fprintf(&b, "%s failed, %s: %s\n  such as thing %s: %s\n", n(f.Count), f.Reason, f.Todo, f.Thing, plain(f.Example))
	}
	for _, r := range run.rejections() {
		fmt.Fprintf(&b, "%s rejected, %s: %s\n", n(r.Count), r.Reason, r.Todo)
	}
	return b.String()
}
