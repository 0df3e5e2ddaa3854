package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/report"
)

// A oneImport is an import into one target. Its methods are the steps of it, in their order.
type oneImport struct {
	o       *importOptions
	flags   *pflag.FlagSet
	streams terminal.Streams
	printer *progress.Printer
	// name is that of --target, if there are several.
	name string

	// Of checkFlags.
	overrides map[iot.Operation]quota.Override
	settings  engine.Settings
	reportOf  string
	// Of connect and open.
	connection *target.Connection
	args       []string
	book       *sqlite.Ledger
	named      *ledger.Import
	// Of lookUp.
	quotas   target.Quotas
	check    *attachmentCheck
	attached *device.AttachmentReport
	policies *policyJudges
	// scan is the first pass, which the caller makes.
	scan *engine.ScanResult
	// Of review.
	key                  string
	previous, unfinished *ledger.Import
	recorded             recordedSettings
	// begun reports whether the ledger has the import.
	begun bool
}

// checkFlags checks the flags, and reads the files that they name.
func (i *oneImport) checkFlags(ctx context.Context) (err error) {
	o := i.o
	if err := o.check(); err != nil {
		return err
	}
	if err := exit.Unapproved(o.yes || o.dryRun || o.target.Sandbox, i.streams, "nothing was imported"); err != nil {
		return err
	}
	if i.overrides, err = o.quotas.Overrides(); err != nil {
		return err
	}
	if o.resume == "" { // else the flags are yet to be restored
		if i.settings, err = o.settings(ctx); err != nil {
			return err
		}
	}
	if i.reportOf, err = CheckReport(o.report, o.overwrite); err != nil {
		return err
	}
	return o.notice.check()
}

// connect connects to the target. The caller must call close if it succeeds.
func (i *oneImport) connect(ctx context.Context) (err error) {
	if i.connection, err = i.o.target.Connect(ctx, i.streams.Err); err == nil {
		i.printer.Note("target: %s", i.into())
	}
	return err
}

// open opens the ledger of the target, and finds the import of --resume.
func (i *oneImport) open(ctx context.Context, args []string) (err error) {
	// The ledger is opened before the manifests, so that a second import fails
	// immediately while the first one is running.
	if i.book, err = i.o.openLedger(ctx, i.connection); err != nil {
		return err
	}
	NoteUpgrade(i.printer, i.book)
	if i.named, i.args, err = i.o.restore(ctx, i.connection, i.flags, args); err != nil || i.o.resume == "" {
		return err
	}
	i.settings, err = i.o.settings(ctx)
	return err
}

// into returns where the import goes, for people.
func (i *oneImport) into() string {
	if i.name == "" {
		return i.connection.String()
	}
	return i.name + ": " + i.connection.String()
}

func (i *oneImport) close() {
	closeLedger(i.book)
	closeConnection(i.connection, i.printer, i.streams)
}

// lookUp reads the quotas and the attachments that the flags name, and their policies.
func (i *oneImport) lookUp(ctx context.Context) (err error) {
	if i.quotas, err = i.o.quotas.Resolve(ctx, i.connection.Client, i.overrides); err != nil {
		return err
	}
	i.check = newAttachmentCheck(ctx, i.connection, i.quotas)
	if i.attached, err = i.check.ofImport(i.settings.Attachments); err != nil {
		return err
	}
	return i.judgePolicies(ctx)
}

// judgePolicies begins to judge what the policies let devices do.
func (i *oneImport) judgePolicies(ctx context.Context) (err error) {
	i.policies, err = newPolicyJudges(ctx, i.connection, i.quotas, i.attached, i.settings, i.check)
	return err
}

// review checks what the first pass has found, and shows it. In a dry run it ends the import.
func (i *oneImport) review(ctx context.Context, sources []*engine.Source) (err error) {
	o, scan, printer := i.o, i.scan, i.printer
	if err := cmp.Or(i.check.wrong(), i.policies.err); err != nil {
		return err
	}
	if err := RefuseTestMaterial(i.connection, scan, o.allowTestMaterial); err != nil {
		return err
	}
	known := reviewed{i.settings, i.connection, scan, i.quotas, i.check, i.policies, nil}
	if err := o.checkPlan(ctx, known, sources, i.args, i.flags, printer); err != nil {
		return err
	}

	printer.Pause()
	showAttachments(printer, i.check.created, i.check.unconnectable(scan.Portions()), scan.Devices)
	showScan(printer, scan, &o.runFlags)
	judged := i.policies.line()
	for _, line := range judged.text() {
		printer.Note("%s", line)
	}
	if err := judged.stop(o.ignorePolicy); err != nil {
		return exit.WithHint(fmt.Errorf("nothing was imported: %w", err), exit.Hint(err))
	}
	showDistribution(printer, scan)
	showCeiling(printer, i.quotas, scan)
	if o.dryRun {
		return o.endDryRun(i.connection, scan, i.quotas, i.streams)
	}
	if i.key, err = engine.Key(i.connection.Target, scan.Manifests, i.settings); err != nil {
		return err
	}
	spelled, err := engine.Key(i.connection.Spelled, scan.Manifests, i.settings)
	if err != nil {
		return err
	}
	if i.previous, err = previousOf(ctx, i.book, []string{i.key, spelled}, i.named, o.fresh); err != nil {
		return err
	}
	i.recorded = recordedOf(i.settings, i.args, i.flags)
	i.recorded.Distribution = DistributionOf(scan.Portions())
	i.recorded.Distribution = i.recorded.Distribution[:min(len(i.recorded.Distribution), MaxShares)]
	i.recorded.About = aboutOf(i.quotas, scan, i.args, i.flags)
	if i.previous == nil && !o.fresh {
		if i.unfinished, err = unfinishedOf(ctx, i.book, i.connection.Target, scan.Manifests); err != nil {
			return err
		}
	}
	if i.unfinished != nil {
		printer.Note("note: import %s of the same manifests is unfinished, %s; it was started %s",
			i.unfinished.ID, leftText(i.unfinished), otherFlags(*i.unfinished, i.recorded))
		printer.Pause()
	}
	return nil
}

// carryOut makes the second pass, and prints the summary. The summary is empty if the import did not begin.
func (i *oneImport) carryOut(ctx context.Context, sources []*engine.Source) (line report.Summary, err error) {
	o, printer, resumed := i.o, i.printer, ""
	if i.previous != nil {
		resumed = i.previous.ID
	}
	if err := exit.OtherReport(o.report, i.reportOf, resumed); err != nil {
		return line, err
	}
	fresh := ledger.Import{Key: i.key, Target: i.connection.Target, Manifests: i.scan.Manifests}
	record, journal, earlier, err := beginImport(ctx, i.book, fresh, i.previous, i.recorded, printer)
	if err != nil {
		return line, err
	}
	i.begun = true
	limiters, metrics := i.quotas.Limiters(), startMetrics(o.notice.metrics, record, i.streams)
	show := i.naming(showEvents(printer, "many devices exist already: "))
	events, stop := showStopping(ctx, printer, metrics.watch(logDecisions(i.streams.Log, limiters, show)))
	defer stop()
	summary, ended := engine.Run(ctx, engine.Config{
		Settings: i.settings, Target: i.connection.Target, AWS: i.connection.Client.AWS(), Limiters: limiters,
		Abort: terminal.AbortContext(ctx), Events: events,
	}, engine.Import{
		ID: record.ID, Sources: sources, Scan: i.scan, Journal: journal, Earlier: earlier, MaxFailures: o.maxFailures,
		NoBaseline: o.noBaseline,
	})
	printer.Close()
	reported := WriteReport(ctx, o.report, i.book, record)
	if o.report != "" && reported == nil && !o.quiet {
		plain.Fprintf(i.streams.Err, "report: %s\n", o.report)
	}
	line = summaryOf(summary, ended, i.connection, i.scan)
	line.Name = i.name
	metrics.end(line)
	o.notice.send(ctx, line, i.streams)
	if o.output == terminal.JSON {
		err = i.streams.PrintJSON(line)
	} else {
		err = printSummary(line, summary, i.connection, resumeCommand(record.ID, i.flags), i.streams)
	}
	if err := errors.Join(reported, err); err != nil {
		return line, err
	}
	return line, exitOf(line, o.lists.Missing(line.UnmatchedOnly))
}

// naming returns a handler of events that names the target in the progress, if there are several.
func (i *oneImport) naming(show engine.Events) engine.Events {
	return func(event engine.Event) {
		e, ok := event.(engine.Progress)
		if !ok || i.name == "" {
			show(event)
			return
		}
		status := statusOf(e)
		status.Phase = "importing into " + i.name
		i.printer.Update(status)
	}
}
