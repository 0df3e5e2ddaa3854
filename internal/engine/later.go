package engine

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// A Subject is one entry of the imports that a later command is about.
type Subject struct {
	// Place is the position in the manifests of the command, which are those of its imports one after
	// the other.
	ledger.Place
	// Import is the ID of the entry's import.
	Import string
	// Record is what that import recorded, with the entry's place there. Without an outcome the import
	// did not reach the entry, or is not sure what it did: see Marked.
	Record ledger.Record
	// Marked is when the import marked an entry without an outcome as in flight; zero if it did not.
	Marked time.Time
	// Settings are what the entry asked for its device, with the names of attributes and without their
	// values; nil for nothing.
	Settings *manifest.Settings
	// Status is the status that a later command gave the certificate; empty if none did.
	Status iot.Status
	// Decoded is the device as its manifest has it; nil if the manifest was not read again.
	Decoded *manifest.Device
	// Outcome, Reason and Detail are set if the program must not run for the entry.
	Outcome        ledger.Outcome
	Reason, Detail string
}

// Device returns what is known of the entry as far as a manifest would say it. Unless the manifest was read
// again it has no certificate, and of its settings no attributes.
func (s *Subject) Device() manifest.Device {
	if s.Decoded != nil {
		return *s.Decoded
	}
	d := manifest.Device{
		Entry: s.Record.Entry, Line: s.Record.Line, ID: s.Record.ID, ThingName: s.Record.ThingName, CertificateID: s.Record.CertificateID,
	}
	if s.Settings != nil {
		own := *s.Settings
		own.Attributes = nil
		d.Settings = &own
	}
	return d
}

// A Program is what a later command does to one device. Subject is nil if the devices come from
// manifests. The device has the certificate, and the thing as far as it is known: without
// attributes if the devices come from a ledger. Its error is nil, a *[device.FailedError], a
// *[device.KeptError], a *[call.StopError], or wraps [call.ErrEnded]; [device.FailureOf] makes it so.
type Program func(a *device.Account, d *device.Device, s *Subject, do device.Stage) error

// A Later is one run of a later command. Either Subjects or Sources and Scan must be set.
type Later struct {
	// ID is the ID of the command in the ledger; empty if it keeps no record.
	ID string
	// Manifests are those of the command. Their entries are all entries.
	Manifests []ledger.Manifest
	// Subjects yields every entry once, in the order of their places.
	Subjects iter.Seq2[*Subject, error]
	// Partial reports whether this is one pass of several: entries that Subjects does not yield stay as they
	// are, and no [Continued] is sent. If any of them is pending the command is recorded as interrupted.
	Partial bool
	// Sources and Scan are manifests and the scan that was made from them.
	Sources []*Source
	Scan    *ScanResult
	// Journal is the journal of the command, which RunLater closes; nil keeps no record.
	Journal ledger.Journal
	// Earlier are the records of earlier runs of this command; nil if there were none.
	Earlier iter.Seq2[ledger.Record, error]
	// MaxFailures stops the command once that many devices have failed in this run; 0 for no limit.
	MaxFailures int
	// Calls are those for one device. The rate that the quotas allow follows from them.
	Calls quota.Calls
}

// RunLater runs a program for every entry that has no outcome that stands, with the same limits,
// retries, record and events as [Run], and returns the same errors. The outcome of a device is
// changed if a step changed something, and unchanged if none did.
func RunLater(ctx context.Context, config Config, l Later, program Program) (Summary, error) {
	started := time.Now()
	s := config.open(ctx)
	defer s.close()
	if l.Journal == nil {
		l.Journal = noJournal{}
	}
	entries := layout{}
	for _, m := range l.Manifests {
		entries.begin()
		entries.total += m.Entries
	}
	b := newBook(entries.total, l.Journal, l.MaxFailures, s.halt)
	b.did = ledger.Changed
	err := b.load(ctx, &entries, l.Earlier)
	if err == nil {
		if !l.Partial {
			tellContinued(s.events, l.ID, b)
		}
		runLater(s, &config, &l, &entries, b, program)
	} else {
		b.close()
	}
	summary := summarize(l.ID, started, s.caller, b)
	ceiling, binding := quota.Ceiling(config.Limiters.Set(), l.Calls)
	summary.Ceiling, summary.Binding = finite(ceiling), string(binding)
	if err == nil {
		err = importError(ctx, s, b, summary)
	}
	end := endOf(err)
	var pending *BalanceError
	if l.Partial && errors.As(err, &pending) && summary.balance() == nil && b.balance() == nil {
		err, end = nil, endOf(ErrInterrupted)
	}
	if closed := l.Journal.Close(context.WithoutCancel(ctx), end); closed != nil && err == nil {
		err = &call.StopError{Code: call.StopLedger, Cause: closed}
	}
	s.events.send(Finished{Summary: summary, Err: err})
	return summary, err
}

func runLater(s *session, config *Config, l *Later, entries *layout, b *book, program Program) {
	ceiling := func() (float64, iot.Operation) { return config.Limiters.Ceiling(l.Calls) }
	w := &watcher{session: s, ceiling: ceiling, numbers: b.numbers}
	var tasks iter.Seq2[*task, error]
	if l.Scan != nil {
		tasks = openTasks(s, config.Settings, l.Sources, l.Scan, b)
	} else {
		tasks = subjectTasks(s, config.Settings.Attachments, l.Subjects, entries, b)
	}
	ahead := markAhead(s, remembered(b, tasks), l.Journal, s.now, func() float64 {
		rate, _ := ceiling()
		return rate
	})
	type ended struct {
		device *device.Device
		runner *device.Runner
		err    error
	}
	runPipeline(s, ahead, func(t *task, runner *device.Runner) ended {
		d := s.subject(t)
		return ended{d, runner, program(s.account, d, t.subject, runner.Do)}
	}, func(t *task, e ended) { b.end(t, e.device, e.runner, e.err) }, w.look)
	b.close()
	w.look(time.Now())
}

// subjectTasks yields the subjects for which the program is to run, and records the others.
func subjectTasks(s *session, a device.Attachments, subjects iter.Seq2[*Subject, error], entries *layout, b *book,
) iter.Seq2[*task, error] {
	return func(yield func(*task, error) bool) {
		for subject, err := range subjects {
			if err != nil {
				yield(nil, &call.StopError{Code: call.StopLedger, Cause: err})
				return
			}
			number, ok := entries.number(subject.Place)
			switch {
			case s.begin.Err() != nil:
				return
			case !ok:
				yield(nil, &call.StopError{Code: call.StopLedger, Cause: errors.New("the ledger has an entry that is not in the import")})
				return
			case b.outcome(number).Stands():
				continue
			}
			d := subject.Device()
			if subject.Outcome != "" {
				record := recordOf(subject.Place, &d, subject.Outcome)
				record.Reason, record.Detail = subject.Reason, subject.Detail
				b.refuse(number, record)
				continue
			}
			thing := iot.Thing{Name: d.ThingName, Type: a.ThingType, BillingGroup: a.BillingGroup}
			if !yield(&task{number: number, place: subject.Place, device: d, thing: thing, subject: subject}, nil) {
				return
			}
		}
	}
}

// Select returns the outcome, reason and detail of a device that --only and --skip leave out, and
// an empty outcome for any other device. It is not safe for concurrent use.
func (s Settings) Select(d *manifest.Device) (outcome ledger.Outcome, reason, detail string) {
	// Ask both lists: each keeps track of the lines that matched.
	wanted, unwanted := s.Only.Names(d), s.Skip.Names(d)
	if unwanted || s.Only != nil && !wanted {
		return ledger.Skipped, string(ReasonFiltered), "excluded by the list of devices"
	}
	return "", "", ""
}
