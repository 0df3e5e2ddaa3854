package imports

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/report"
)

// A dryRunLine is the result of a dry run as JSON.
type dryRunLine struct {
	Type       string             `json:"type"`
	Target     ledger.Target      `json:"target"`
	Alias      string             `json:"alias,omitempty"`
	Entries    int                `json:"entries"`
	Devices    int                `json:"devices"`
	Rejected   int                `json:"rejected"`
	Skipped    int                `json:"skipped"`
	Ceiling    *float64           `json:"ceiling"` // null if no quota limits the import
	Binding    iot.Operation      `json:"binding_quota"`
	Rejections []report.Rejection `json:"rejections,omitempty"`

	UnmatchedOnly []string `json:"unmatched_only,omitempty"`
	UnmatchedSkip []string `json:"unmatched_skip,omitempty"`

	Distribution []Share `json:"distribution,omitempty"`
}

// endDryRun prints the result of a dry run.
func (o *importOptions) endDryRun(c *target.Connection, s *engine.ScanResult, quotas target.Quotas,
	streams terminal.Streams,
) error {
	var err error
	if o.output == terminal.JSON {
		line := dryRunLine{
			Type: "dry_run", Target: c.Target, Alias: c.Alias, Entries: s.Entries, Devices: s.Devices, Rejected: s.Rejected, Skipped: s.Skipped,
			Rejections:    manifests.Rejections(s, advice.CLI),
			UnmatchedOnly: s.UnmatchedOnly, UnmatchedSkip: s.UnmatchedSkip, Distribution: DistributionOf(s.Portions()),
		}
		if ceiling, binding := quota.Ceiling(quotas.Set, s.FreshCalls(quotas.Set)); !math.IsInf(ceiling, 1) {
			line.Ceiling, line.Binding = &ceiling, binding
		}
		err = streams.PrintJSON(line)
	} else {
		_, err = fmt.Fprintln(streams.Out, "dry run: nothing was imported")
	}
	if err == nil && (s.Rejected > 0 || o.lists.Missing(s.UnmatchedOnly)) {
		return exit.Silently(exit.Incomplete)
	}
	return err
}

// WriteReport writes the report of an import, even if its run was interrupted.
func WriteReport(ctx context.Context, path string, book *sqlite.Ledger, record ledger.Import) error {
	if path == "" {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	ended, err := book.Import(ctx, record.ID)
	if err != nil {
		return err
	}
	return report.WriteFile(path, sourceOf(ctx, ended, book.Reader))
}

// sourceOf returns an import as the source of reports.
func sourceOf(ctx context.Context, i ledger.Import, from *sqlite.Reader) report.Source {
	i.Target.Endpoint = target.WithoutUser(i.Target.Endpoint)
	return report.Source{
		Import: i, About: aboutIn(i),
		Records: func() iter.Seq2[ledger.Record, error] { return from.Records(ctx, i.ID) },
	}
}

// summaryOf returns the summary of an import whose run ended with ended, which may be nil.
func summaryOf(s engine.Summary, ended error, c *target.Connection, scan *engine.ScanResult) report.Summary {
	line := report.SummaryOf(s, scan.Manifests)
	line.State, line.Target, line.Alias = ledger.StateFinished, c.Target, c.Alias
	line.Rejections = manifests.Rejections(scan, advice.CLI)
	line.UnmatchedOnly, line.UnmatchedSkip = scan.UnmatchedOnly, scan.UnmatchedSkip
	if ended == nil {
		return line
	}
	line.State, line.Error, line.Hint = ledger.StateStopped, ended.Error(), StopHint(ended)
	if errors.Is(ended, engine.ErrInterrupted) {
		line.State = ledger.StateInterrupted
	}
	return line
}

// StopHint returns what to do about the error that stopped a run, or an empty string.
func StopHint(err error) string {
	var stop *call.StopError
	if errors.As(err, &stop) {
		return advice.Of(stop, advice.CLI).Todo
	}
	return ""
}

// exitOf returns the error that an import ends with after its summary. Missing reports whether a
// device that was asked for is in no manifest.
func exitOf(s report.Summary, missing bool) error {
	switch {
	case s.State == ledger.StateStopped:
		return exit.Silently(exit.Failure)
	case s.State == ledger.StateInterrupted:
		return exit.Silently(exit.Interrupted)
	case s.Pending > 0, s.Failed > 0, s.Rejected > 0, missing:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}
