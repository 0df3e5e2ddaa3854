package after

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/report"
)

type replaceOptions struct {
	Flags
	decode            manifests.Flags
	objects           manifests.ObjectFlags
	grace             time.Duration
	allowTestMaterial bool
}

const (
	verbReplace     = "replace"
	defaultGrace    = 720 * time.Hour
	nothingReplaced = "nothing was replaced"
)

// NewReplace returns `thingpress replace`.
func NewReplace(streams terminal.Streams) *cobra.Command {
	var o replaceOptions
	c := &cobra.Command{
		Use:   "replace MANIFEST…",
		Short: "Give existing things the certificates of newer manifests",
		Long: `Give existing things new certificates, because the old ones expire, a reel was recalled
or a key leaked. Devices are matched by thing name. A thing that does not exist, or that
has no certificate or several, is named and left as it is.

The first run registers each new certificate and attaches it to the thing, with the
policies of the old one, which stays attached and ACTIVE: devices in the field still use
it. Run the same command again after the grace: it detaches, deactivates and deletes the
old certificates. --grace 0 does all at once. A device always has a certificate with which
it can connect.

Until the old certificates are deleted, 'thingpress undo ID' takes the replacement back.

` + exit.Help,
		Example: `  # attach the new certificates, and keep the old ones for 30 days
  thingpress replace renewed.csv

  # 30 days later: remove the old ones
  thingpress replace renewed.csv

  # the keys have leaked: replace and remove at once
  thingpress replace --grace 0 renewed.csv`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runReplace(c.Context(), &o, c.Flags(), args, streams)
		},
	}
	o.decode.Add(c)
	o.objects.Add(c.Flags())
	o.Add(c)
	flags := c.Flags()
	flags.DurationVar(&o.grace, "grace", defaultGrace, "how long old certificates stay attached and ACTIVE; 0 removes them at once")
	flags.BoolVar(&o.allowTestMaterial, "allow-test-material", false,
		"use certificates that thingpress generate made in AWS, although others may know their keys")
	return c
}

func runReplace(ctx context.Context, o *replaceOptions, flags *pflag.FlagSet, args []string, streams terminal.Streams) (err error) {
	if o.grace < 0 {
		return exit.UsageError(fmt.Errorf("--grace %s is negative", o.grace), "")
	}
	// The new certificates get the policies of the old ones, and nothing else changes.
	settings := engine.Settings{Status: iot.StatusActive, Rows: device.RowsIgnore}
	if settings.Decode, err = o.decode.Options(ctx); err != nil {
		return err
	}
	if settings.Only, settings.Skip, err = o.Lists.Read(ctx); err != nil {
		return err
	}
	s, err := Connect(ctx, &o.Flags, true, nothingReplaced, streams)
	if err != nil {
		return err
	}
	defer s.Close()
	s.Settings = settings
	path := o.Ledger
	if path == "" {
		if path, err = sqlite.DefaultPath(s.Connection.Target); err != nil {
			return err
		}
	}
	if err := s.openLedger(ctx, path); err != nil {
		return err
	}
	files, err := manifests.OpenFiles(ctx, args, s.Reading(o.objects))
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	sources, err := manifests.OpenSources(ctx, files.Inputs, o.decode.Vendor, settings.Decode, s.Printer)
	if err != nil {
		return err
	}
	scan, err := s.scan(ctx, sources)
	if err != nil {
		return err
	}
	if err := imports.RefuseTestMaterial(s.Connection, scan, o.allowTestMaterial); err != nil {
		return err
	}
	question := fmt.Sprintf("replace the certificates of %s in %s?", progress.Plural(scan.Devices, "device", "devices"), s.Connection)
	if scan.Devices > 0 && !o.Yes && !s.Connection.Embedded() && !streams.Confirm(question) {
		return exit.NotConfirmed(nothingReplaced)
	}
	about := report.About{Version: version.Current(), Command: imports.CommandLine("thingpress replace", args, flags)}
	return s.replace(ctx, o.grace, about, sources, scan)
}

// scan is the first pass over the manifests.
func (s *Session) scan(ctx context.Context, sources []*engine.Source) (*engine.ScanResult, error) {
	scan, err := imports.Scan(ctx, sources, s.Settings, &s.Flags.Lists, manifests.ShowScanning(s.Printer), s.Printer, s.Streams)
	if err != nil {
		return nil, err
	}
	for _, m := range scan.Manifests {
		s.Printer.Note("%s: %s, %s", m.Name, m.Vendor, progress.Plural(m.Entries, "entry", "entries"))
	}
	s.Printer.Note("%s, %s rejected, %s skipped", progress.Plural(scan.Devices, "device", "devices"),
		progress.Count(int64(scan.Rejected)), progress.Count(int64(scan.Skipped)))
	s.Printer.Pause()
	return scan, nil
}

// replace runs the passes of a replacement: it removes what an earlier run left due, attaches the new
// certificates, and removes the old ones whose grace is over.
func (s *Session) replace(
	ctx context.Context, grace time.Duration, about report.About, sources []*engine.Source, scan *engine.ScanResult,
) error {
	r := Run{Verb: verbReplace, Doing: "replacing", Record: true, Calls: replaceCalls()}
	record, fresh, err := s.findReplacement(ctx, about, scan.Manifests)
	if err != nil {
		return err
	}
	if err := exit.OtherReport(s.Flags.Report, s.reportOf, record.ID); err != nil {
		return err
	}
	var journal ledger.Journal
	var earlier iter.Seq2[ledger.Record, error]
	if fresh {
		s.Printer.Note("replacement %s", record.ID)
		journal, err = s.Ledger.Begin(ctx, record)
	} else {
		s.Printer.Note("resuming the replacement %s, started at %s", record.ID, imports.Begun(record))
		if err := s.removeDue(ctx, r, record); err != nil {
			return err
		}
		journal, err = s.Ledger.Resume(ctx, record.ID)
		earlier = s.Ledger.Records(ctx, record.ID)
	}
	if err != nil {
		return err
	}
	until := device.Replacement{Grace: grace, Begun: record.Begun}
	r.Program = func(a *device.Account, d *device.Device, _ *engine.Subject, do device.Stage) error {
		return device.Replace(a, d, until, do)
	}
	attached := engine.Later{
		ID: record.ID, Manifests: record.Manifests, Sources: sources, Scan: scan, Journal: journal, Earlier: earlier, Calls: r.Calls,
	}
	summary, ended := s.runLater(ctx, r, attached)
	due := 0
	for _, reason := range summary.Failures {
		if reason.Reason == string(device.ReasonReplaceDue) {
			due += reason.Count
		}
	}
	if ended != nil || due == 0 {
		return s.end(ctx, r, record, summary, ended)
	}
	removal, err := s.removal(ctx, record)
	if err != nil {
		return err
	}
	before := summary
	r.Program = removeReplaced
	summary, ended = s.runLater(ctx, r, removal)
	for op, n := range before.Calls {
		if summary.Calls == nil {
			summary.Calls = map[string]int{}
		}
		summary.Calls[op] += n
	}
	summary.Throttled += before.Throttled
	summary.Retries += before.Retries
	summary.Took += before.Took
	return s.end(ctx, r, record, summary, ended)
}

// removeDue removes the old certificates of which an earlier run recorded that their time had come.
func (s *Session) removeDue(ctx context.Context, r Run, record ledger.Import) error {
	due := false
	for found, err := range s.Ledger.Records(ctx, record.ID) {
		if err != nil {
			return err
		}
		if due = isDue(found); due {
			break
		}
	}
	if !due {
		return nil
	}
	removal, err := s.removal(ctx, record)
	if err != nil {
		return err
	}
	r.Program = removeReplaced
	_, ended := s.runLater(ctx, r, removal)
	return ended
}

func isDue(r ledger.Record) bool { return r.Reason == string(device.ReasonReplaceDue) }

// removal returns the pass that removes old certificates. It leaves all other entries as they are.
func (s *Session) removal(ctx context.Context, record ledger.Import) (engine.Later, error) {
	journal, err := s.Ledger.Resume(ctx, record.ID)
	return engine.Later{
		ID: record.ID, Manifests: record.Manifests, Journal: journal, Earlier: s.Ledger.Records(ctx, record.ID), Calls: removalCalls(),
		Partial: true,
		Subjects: func(yield func(*engine.Subject, error) bool) {
			for record, err := range s.Ledger.Records(ctx, record.ID) {
				subject := &engine.Subject{Place: record.Place, Record: record}
				if !isDue(record) {
					subject.Outcome, subject.Reason, subject.Detail = record.Outcome, record.Reason, record.Detail
				}
				if !yield(subject, err) {
					return
				}
			}
		},
	}, err
}

func removeReplaced(a *device.Account, d *device.Device, s *engine.Subject, do device.Stage) error {
	return device.RemoveReplaced(a, d, device.Replaced(s.Record.Steps), do)
}

// findReplacement returns the replacement that the command resumes, or a new one with what is to be recorded about it.
func (s *Session) findReplacement(
	ctx context.Context, about report.About, of []ledger.Manifest,
) (record ledger.Import, fresh bool, err error) {
	settings, err := json.Marshal(map[string]any{"settings": s.Settings})
	if err != nil {
		return record, false, err
	}
	record = ledger.Import{
		Verb: verbReplace, Target: s.Connection.Target, Begun: time.Now(), Settings: string(settings), Manifests: of,
	}
	if record.Key, err = keyOfReplacement(record, s.Settings); err != nil {
		return record, false, err
	}
	found, err := s.Ledger.Find(ctx, record.Key)
	switch {
	case err == nil && found.Resumable():
		return found, false, nil
	case err != nil && !errors.Is(err, ledger.ErrNotFound):
		return record, false, err
	}
	// The key is that of the settings alone: the same replacement may be run with other words.
	settings, err = json.Marshal(struct {
		Settings engine.Settings `json:"settings"`
		report.About
	}{s.Settings, about})
	if err == nil {
		record.Settings = string(settings)
		record.ID, err = newID()
	}
	return record, true, err
}

// replaceCalls are the calls for a device whose new certificate is attached, removalCalls those for one
// whose old certificate is removed. Each has one policy.
func replaceCalls() quota.Calls {
	return quota.Calls{
		iot.DescribeThing: 1, iot.DescribeCertificate: 1, iot.ListAttachedPolicies: 1,
		iot.ListThingPrincipals: 0.5, iot.ListThingPrincipalsV2: 0.5,
		iot.RegisterCertificateWithoutCA: 1, iot.AttachThingPrincipal: 1, iot.AttachPolicy: 1,
	}
}

func removalCalls() quota.Calls {
	return quota.Calls{
		iot.DescribeCertificate: 1, iot.ListThingPrincipals: 1, iot.ListAttachedPolicies: 1, iot.ListPrincipalThings: 0.5,
		iot.ListPrincipalThingsV2: 0.5, iot.DetachPolicy: 1, iot.DetachThingPrincipal: 1, iot.UpdateCertificate: 1, iot.DeleteCertificate: 1,
	}
}
