package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/stack"
)

// verify compares the devices and prints what was found, which it also returns unless it did not begin.
func (f *fleet) verify(ctx context.Context, o *options, streams terminal.Streams) (line verificationLine, err error) {
	if o.connected {
		if err := f.checkIndex(ctx); err != nil {
			return line, err
		}
	}
	r := &results{fleet: f, json: o.Output == terminal.JSON, streams: streams, fix: o.fix, drifted: map[string]bool{}, gone: map[string]bool{}}
	err = r.intoReport(o.Report, func() {
		events, stop := imports.LaterEvents(ctx, f.printer, streams.Log, f.limiters, "verifying")
		defer stop()
		line = r.find(ctx, o, f.config(ctx, f.limiters, events))
	})
	f.printer.Close()
	if err != nil {
		return line, err
	}
	if o.Report != "" && !o.Quiet {
		plain.Fprintf(streams.Err, "report: %s\n", o.Report)
	}
	line.Name = o.name
	line.UnmatchedOnly, line.UnmatchedSkip = f.Settings.Only.Unmatched(), f.Settings.Skip.Unmatched()
	if r.json {
		err = streams.PrintJSON(line)
	} else {
		// All text of others is cleaned, and the stream would clean colours as well.
		_, err = fmt.Fprint(terminal.Raw(streams.Out), streams.WrapOut(r.text(line)))
		if err == nil && line.Error != "" && line.State == ledger.StateStopped {
			plain.Fprintf(streams.Err, "thingpress: %s\n", line.Error)
			if line.Hint != "" {
				plain.Fprintf(streams.Err, "hint: %s\n", line.Hint)
			}
		}
	}
	if err := errors.Join(err, r.failed); err != nil {
		return line, err
	}
	return line, exitOf(line, o.Lists.Missing(line.UnmatchedOnly))
}

// checkIndex returns an error unless fleet indexing keeps the connectivity of things.
func (f *fleet) checkIndex(ctx context.Context) error {
	indexed, err := engine.ConnectivityIndexed(ctx, f.config(ctx, f.limiters, nil), f.connection.Client)
	if err == nil && !indexed {
		return exit.WithHint(errors.New("fleet indexing does not keep the connectivity of things"),
			"enable it with: aws iot update-indexing-configuration --thing-indexing-configuration "+
				"thingIndexingMode=REGISTRY,thingConnectivityIndexingMode=STATUS")
	}
	return err
}

func (f *fleet) config(ctx context.Context, limiters *quota.Limiters, events engine.Events) engine.Config {
	return engine.Config{
		Settings: f.Settings, Target: f.connection.Target, AWS: f.connection.Client.AWS(), Limiters: limiters,
		Abort: terminal.AbortContext(ctx), Events: events,
	}
}

// results passes on what is found.
type results struct {
	fleet   *fleet
	json    bool
	fix     bool
	streams terminal.Streams
	report  *report.Writer  // nil without a report
	drifted map[string]bool // certificate IDs of devices that --fix is to mend
	gone    map[string]bool // those of them that are not registered
	absent  []string        // the first devices that have never been connected
	failed  error           // the first of writing
}

// intoReport calls do, and writes what it finds into the file at path, if there is one.
func (r *results) intoReport(path string, do func()) error {
	if path == "" {
		do()
		return nil
	}
	err := newfile.Write(path, func(to io.Writer) (err error) {
		if r.report, err = report.New(to, filepath.Ext(path)); err != nil {
			return err
		}
		do()
		return errors.Join(r.failed, r.report.Flush())
	})
	if err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return nil
}

// find compares the devices, mends them with --fix, and finds out which were connected.
func (r *results) find(ctx context.Context, o *options, config engine.Config) verificationLine {
	f := r.fleet
	found, ended := engine.Verify(ctx, config, engine.Verifying{
		Fleet: f.Fleet, Survey: f.connection.Client, Full: o.full, Found: r.found,
	})
	line := f.lineOf(found)
	if ended == nil && o.fix && found.Drifted > 0 {
		line.Fixed, ended = r.mend(ctx, o, config)
	}
	if ended == nil && o.connected {
		var counts engine.Connections
		counts, ended = engine.FindConnected(ctx, config, f.Fleet, f.connection.Client, r.connected)
		line.Connections = connectionsOf(counts, r.absent)
		for op, calls := range counts.Made {
			line.Calls[op] += calls
		}
	}
	line.end(ended)
	return line
}

// found passes on the drift of one device.
func (r *results) found(finding engine.Finding) {
	if r.fix {
		r.drifted[finding.CertificateID.String()] = true
	}
	for _, drift := range finding.Drift {
		if r.fix && drift.Reason == device.DriftCertificateGone {
			r.gone[finding.CertificateID.String()] = true
		}
		line := stack.DriftLine{
			Type: "drift", Import: r.fleet.importID, Manifest: r.fleet.manifests[finding.Place.Manifest].Name,
			Entry: finding.Entry, Line: finding.Line, ID: finding.ID, Thing: finding.ThingName,
			CertificateID: finding.CertificateID, Reason: drift.Reason, Detail: drift.Detail, Todo: r.fleet.advised.For(string(drift.Reason)).Todo,
		}
		if r.json {
			r.failed = cmp.Or(r.failed, r.streams.PrintJSON(line))
		}
		r.write(report.Row{
			Manifest: line.Manifest, Entry: line.Entry, Line: line.Line, Outcome: string(engine.OutcomeDrift), ID: line.ID,
			ThingName: line.Thing, CertificateID: line.CertificateID, Reason: string(line.Reason), Detail: line.Detail,
		})
	}
}

// write writes a row of the report.
func (r *results) write(row report.Row) {
	if r.report == nil {
		return
	}
	row.Type, row.Import, row.At = "outcome", r.fleet.importID, time.Now().UTC()
	r.failed = cmp.Or(r.failed, r.report.Write(row))
}

// absentMost is how many devices that have never been connected are shown.
const absentMost = 10

// connected passes on what the index knows of one device.
func (r *results) connected(c engine.Connected) {
	line := stack.NewConnectionLine(c)
	detail := detailOf(line)
	if c.Unread != nil {
		detail = c.Unread.Error()
	}
	if c.Known && !c.Seen && len(r.absent) < absentMost {
		r.absent = append(r.absent, c.Thing)
	}
	if r.json {
		r.failed = cmp.Or(r.failed, r.streams.PrintJSON(line))
	}
	r.write(report.Row{ThingName: c.Thing, Outcome: line.State, Reason: line.Reason, Detail: detail})
}

// mend makes what devices lack, after a question.
func (r *results) mend(ctx context.Context, o *options, config engine.Config) (*fixedLine, error) {
	f := r.fleet
	f.printer.Pause()
	question := fmt.Sprintf("make what %s in %s?", progress.Plural(len(r.drifted), "device lacks", "devices lack"), f.connection)
	if !o.Yes && !f.connection.Embedded() && !r.streams.Confirm(question) {
		return nil, exit.NotConfirmed(nothing)
	}
	later, err := f.mending(ctx, r.drifted, r.gone)
	if err != nil {
		return nil, err
	}
	later.Calls = quota.Calls{iot.DescribeCertificate: 2, iot.ListAttachedPolicies: 2, iot.ListThingPrincipals: 2, iot.ListPrincipalThings: 2}
	summary, err := engine.RunLater(ctx, config, later, f.Mend(r.drifted))
	left := summary.Counts.Failed + summary.Pending // pending are those that it did not reach before it was stopped
	fixed := &fixedLine{Command: later.ID, Changed: summary.Counts.Changed, Mended: len(r.drifted) - left, Left: left, Calls: summary.Calls}
	for _, failure := range summary.Failures {
		fixed.Reasons = append(fixed.Reasons, f.findingOf(failure))
	}
	return fixed, err
}
