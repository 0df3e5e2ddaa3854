package imports

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
)

// count formats a number for people.
func count(n int) string { return progress.Count(int64(n)) }

// notConnectable is the warning about devices without a policy.
const notConnectable = "no policy is attached, neither with --policy nor to the thing groups, so these devices will not be able to connect"

// showAttachments prints what was created, and a warning if that many of the devices have no policy.
func showAttachments(printer *progress.Printer, created []target.Created, unconnectable, devices int) {
	for _, c := range created {
		printer.Note("created in the sandbox: %s", c)
	}
	if warning := connectableText(unconnectable, devices); warning != "" {
		printer.Note("warning: %s", warning)
	}
}

// connectableText returns the warning about devices that have no policy, or "" if all have one.
func connectableText(unconnectable, devices int) string {
	switch unconnectable {
	case 0:
		return ""
	case devices:
		return notConnectable
	}
	return fmt.Sprintf("%s of %s will not be able to connect: no policy is attached to them or to their thing groups",
		count(unconnectable), progress.Plural(devices, "device", "devices"))
}

// showDistribution prints how many devices get what their entries ask for.
func showDistribution(printer *progress.Printer, scan *engine.ScanResult) {
	for _, line := range DistributionText(DistributionOf(scan.Portions())) {
		printer.Note("%s", line)
	}
}

// showScan prints the numbers of the manifests.
func showScan(printer *progress.Printer, s *engine.ScanResult, f *runFlags) {
	for _, m := range s.Manifests {
		printer.Note("%s: %s, %s", m.Name, m.Vendor, progress.Plural(m.Entries, "entry", "entries"))
	}
	skipped := ""
	if s.Skipped > 0 {
		skipped = fmt.Sprintf(" (%s, %s by --only and --skip)",
			progress.Plural(s.Repeated, "identical repetition", "identical repetitions"), count(s.Filtered))
	}
	printer.Note("%s to import, %s rejected, %s skipped%s", progress.Plural(s.Devices, "device", "devices"), count(s.Rejected),
		count(s.Skipped), skipped)
	for _, reason := range ledger.ByCount(s.Warnings) {
		printer.Note("  %s accepted with a warning, %s", count(s.Warnings[reason]), reason)
	}
	f.decode.NoteSigners(printer, s.Names)
}

// callsText returns a number of calls for one device, which is a fraction if devices differ.
func callsText(calls float64) string {
	if calls == math.Trunc(calls) {
		return fmt.Sprintf("%.0f", calls)
	}
	return fmt.Sprintf("on the average %.1f", calls)
}

// showCeiling prints how long this many new devices take, and which quota limits them.
func showCeiling(printer *progress.Printer, quotas target.Quotas, scan *engine.ScanResult) {
	calls := scan.FreshCalls(quotas.Set)
	perDevice := callsText(calls.Total())
	ceiling, binding := quota.Ceiling(quotas.Set, calls)
	if math.IsInf(ceiling, 1) {
		printer.Note("%s calls per new device; no quota limits them", perDevice)
		return
	}
	left := time.Duration(float64(scan.Devices) / ceiling * float64(time.Second))
	printer.Note("%s calls per new device; ceiling %s devices/s (%s at %s/s), about %s",
		perDevice, progress.Rate(ceiling), binding,
		progress.Rate(quotas.TPS(binding)), progress.Duration(left))
	printer.Note("quotas: %s", quotas.From)
}

// Proving is what a command does that connects as devices, which has words of its own for outcomes.
const Proving = "proving"

// LaterEvents returns a handler of events that shows and logs the progress of a later command. Doing is
// what it does, such as "undoing". The caller must call stop after the run.
func LaterEvents(ctx context.Context, printer *progress.Printer, log *terminal.Log, limiters *quota.Limiters, doing string,
) (events engine.Events, stop func() bool) {
	show := showEvents(printer, "")
	return showStopping(ctx, printer, logDecisions(log, limiters, func(event engine.Event) {
		switch e := event.(type) {
		case engine.Continued:
			printer.Note("earlier runs: %s changed, %s unchanged, %s kept, %s failed", count(e.Counts.Changed), count(e.Counts.Unchanged),
				count(e.Counts.Kept), count(e.Counts.Failed))
		case engine.Progress:
			status := statusOf(e)
			status.Phase, status.Later, status.Proof = doing, true, doing == Proving
			printer.Update(status)
		default:
			show(event)
		}
	}))
}

// showEvents returns a handler of events that shows the progress of a run. The text why
// precedes messages about lists and says what they are read for.
func showEvents(printer *progress.Printer, why string) engine.Events {
	return func(event engine.Event) {
		switch e := event.(type) {
		case engine.Continued:
			printer.Note("earlier runs: %s imported, %s unchanged, %s failed, %s in flight when the last one ended",
				count(e.Counts.Imported), count(e.Counts.Unchanged), count(e.Counts.Failed), count(e.InFlight))
		case engine.Progress:
			printer.Update(statusOf(e))
		case engine.Comparing:
			printer.Update(progress.Status{
				Phase: "comparing", Reads: true, Done: int64(e.Done), Total: int64(e.Total), Rate: e.Rate, Ceiling: e.Ceiling, Binding: e.Binding,
			})
		case engine.Paused:
			printer.Note("paused: every call fails (%v); trying one call every five seconds", e.Cause)
		case engine.Resumed:
			printer.Note("resumed: the endpoint answers again after %s", progress.Duration(e.After))
		case engine.Baseline:
			showBaseline(printer, e)
		case engine.Reading:
			if e.Done {
				printer.Note("%sread %s of %s", why, progress.Plural(e.Pages, "page", "pages"), e.Operation)
			} else {
				printer.Update(progress.Status{Phase: why + "reading " + e.Operation, Note: fmt.Sprintf("page %d", e.Pages)})
			}
		}
	}
}

// showBaseline shows that the things of the account are listed before an import.
func showBaseline(printer *progress.Printer, e engine.Baseline) {
	switch {
	case e.Reading:
		printer.Update(progress.Status{Phase: "listing the things that exist", Note: fmt.Sprintf("page %d", e.Pages)})
	case !e.Known:
		printer.Note("note: it is not known which things exist already (%v), so thingpress undo will keep the things of this import", e.Cause)
	case e.Existed > 0:
		printer.Note("%s already", progress.Plural(e.Existed, "thing exists", "things exist"))
	}
}

// showStopping returns a handler of events that also tells the user when ctx ends, because the
// calls in flight may take some seconds. The caller must call stop after the run.
func showStopping(ctx context.Context, printer *progress.Printer, show engine.Events) (events engine.Events, stop func() bool) {
	var calling atomic.Pointer[engine.Calling]
	stop = context.AfterFunc(ctx, func() {
		calls := 0
		if c := calling.Load(); c != nil {
			calls = c.InFlight()
		}
		printer.Note("stopping; %s in flight; press Ctrl-C again to stop immediately", progress.Plural(calls, "call", "calls"))
	})
	return func(event engine.Event) {
		if e, ok := event.(engine.Calling); ok {
			calling.Store(&e)
		}
		show(event)
	}, stop
}

func statusOf(e engine.Progress) progress.Status {
	s := progress.Status{
		Phase: "importing", Done: int64(e.Counts.Entries - e.Counts.Pending()), Total: int64(e.Counts.Entries),
		Rate: e.Rate, Estimate: e.Left, Binding: e.Binding, Throttled: int64(e.Throttled),
		Imported: int64(e.Counts.Imported), Unchanged: int64(e.Counts.Unchanged), Failed: int64(e.Counts.Failed),
		Rejected: int64(e.Counts.Rejected), Skipped: int64(e.Counts.Skipped),
		Changed: int64(e.Counts.Changed), Kept: int64(e.Counts.Kept),
	}
	if !math.IsInf(e.Ceiling, 0) {
		s.Ceiling = e.Ceiling
	}
	if e.Paused {
		s.Note = "paused"
	}
	return s
}
