package later

import (
	"cmp"
	"context"
	"iter"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
)

// StatusCalls are the calls for one certificate whose status is set.
func StatusCalls() quota.Calls {
	return quota.Calls{iot.DescribeCertificate: 1, iot.UpdateCertificate: 1}
}

// SetStatus returns the program that sets the status of certificates.
func SetStatus(status iot.Status) engine.Program {
	return func(a *device.Account, d *device.Device, _ *engine.Subject, do device.Stage) error {
		return device.SetStatus(a, d, status, do)
	}
}

// OnlyRegistered skips an entry whose certificate the import neither registered nor found as it was
// wanted.
func OnlyRegistered(s *engine.Subject) {
	registered := created(s.Record.Steps, iot.RegisterCertificateWithoutCA)
	if s.Outcome != "" || registered || s.Record.Outcome == ledger.Imported || s.Record.Outcome == ledger.Unchanged {
		return
	}
	s.Outcome, s.Reason, s.Detail = ledger.Skipped, ReasonUnsure, "it is not known whether the import registered the certificate"
}

// WithStatus yields subjects, each with the status that the latest of the commands gave its certificate.
// The commands are over the only import of the subjects, newest first, so that their records have the
// order and the places of the subjects.
func WithStatus(
	ctx context.Context, reader Reader, subjects iter.Seq2[*engine.Subject, error], commands []ledger.Import,
) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		type records struct {
			next   func() (ledger.Record, error, bool)
			record ledger.Record
			more   bool
			status iot.Status
		}
		all := make([]*records, len(commands))
		for i, command := range commands {
			next, stop := iter.Pull2(reader.Records(ctx, command.ID))
			defer stop() //nolint:gocritic // they are read until the end
			all[i] = &records{next: next, more: true, status: StatusOf(command.Verb), record: ledger.Record{Place: ledger.Place{Manifest: -1}}}
		}
		for subject, err := range subjects {
			for _, r := range all {
				for err == nil && r.more && before(r.record.Place, subject.Place) {
					r.record, err, r.more = r.next()
				}
				set := r.record.Outcome == ledger.Changed || r.record.Outcome == ledger.Unchanged
				if err == nil && subject.Status == "" && r.more && set && r.record.Place == subject.Place {
					subject.Status = r.status
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(subject, nil) {
				return
			}
		}
	}
}

func before(a, b ledger.Place) bool {
	return cmp.Or(cmp.Compare(a.Manifest, b.Manifest), cmp.Compare(a.Entry, b.Entry)) < 0
}

// Disconnect returns the program that also ends the session of a device, after set has set its status.
func Disconnect(set engine.Program, sessions iot.Sessions) engine.Program {
	return func(a *device.Account, d *device.Device, s *engine.Subject, do device.Stage) error {
		if err := set(a, d, s, do); err != nil {
			return err
		}
		return device.Disconnect(sessions, d, do)
	}
}
