package after

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
)

// A Run is what a later command does.
type Run struct {
	// Verb is the name of the command, and Doing what it does, such as "undo" and "undoing".
	Verb, Doing string
	// Settings are the flags that decide what the command does to a device. They are recorded, and a
	// run with others does not resume this one.
	Settings map[string]string
	// Record reports whether the command is recorded in the ledger. One that only reads is not resumed.
	Record bool
	// Calls are those for one device.
	Calls quota.Calls
	// Adjust may set the outcome of a subject; nil adjusts none.
	Adjust func(*engine.Subject)
	// Program is run for each device.
	Program engine.Program

	planned *later.Planned // of a dry run; else nil
}

// Run runs a program for the devices of the imports, prints the summary, and returns the error that the
// command ends with.
func (s *Session) Run(ctx context.Context, r Run) error {
	record, journal, earlier, err := s.begin(ctx, r)
	if err != nil {
		return err
	}
	summary, ended := s.runLater(ctx, r, engine.Later{
		ID: record.ID, Manifests: record.Manifests, Subjects: adjusted(s.Subjects(ctx), r.Adjust),
		Journal: journal, Earlier: earlier, Calls: r.Calls,
	})
	return s.end(ctx, r, record, summary, ended)
}

// runLater runs one pass of a command.
func (s *Session) runLater(ctx context.Context, r Run, later engine.Later) (engine.Summary, error) {
	events, stop := imports.LaterEvents(ctx, s.Printer, s.Streams.Log, s.Limiters, r.Doing)
	defer stop()
	return engine.RunLater(ctx, engine.Config{
		Settings: s.Settings, Target: s.Connection.Target, AWS: s.Connection.Client.AWS(), Limiters: s.Limiters,
		Abort: terminal.AbortContext(ctx), Events: events,
	}, later, r.Program)
}

// end writes the report and prints the summary.
func (s *Session) end(ctx context.Context, r Run, record ledger.Import, summary engine.Summary, ended error) error {
	s.Printer.Close()
	if s.Flags.Report != "" {
		if err := imports.WriteReport(ctx, s.Flags.Report, s.Ledger, record); err != nil {
			return err
		}
	}
	return s.printSummary(summaryOf(s, r, record, summary, ended), summary)
}

func adjusted(subjects iter.Seq2[*engine.Subject, error], adjust func(*engine.Subject)) iter.Seq2[*engine.Subject, error] {
	if adjust == nil {
		return subjects
	}
	return func(yield func(*engine.Subject, error) bool) {
		for subject, err := range subjects {
			if err == nil && subject.Outcome == "" {
				adjust(subject)
			}
			if !yield(subject, err) {
				return
			}
		}
	}
}

// begin opens the journal of the command, which resumes the last one over these imports if that was the
// same and did not reach its end.
func (s *Session) begin(ctx context.Context, r Run) (ledger.Import, ledger.Journal, iter.Seq2[ledger.Record, error], error) {
	record := ledger.Import{Verb: r.Verb, Target: s.Connection.Target, Begun: time.Now()}
	for _, i := range s.Imports {
		record.Of = append(record.Of, i.ID)
		record.Manifests = append(record.Manifests, i.Manifests...)
	}
	if !r.Record {
		return record, nil, nil, nil
	}
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return record, nil, nil, err
	}
	record.Settings = string(settings)
	if record.Key, err = keyOf(record, s.Settings); err != nil {
		return record, nil, nil, err
	}
	last, err := s.last(ctx)
	if err != nil {
		return record, nil, nil, err
	}
	if last.Key == record.Key && last.Resumable() {
		if err := exit.OtherReport(s.Flags.Report, s.reportOf, last.ID); err != nil {
			return record, nil, nil, err
		}
		s.Printer.Note("resuming the %s of %s, started at %s", r.Verb, record.Of[0], imports.Begun(last))
		journal, err := s.Ledger.Resume(ctx, last.ID)
		return last, journal, s.Ledger.Records(ctx, last.ID), err
	}
	if record.ID, err = newID(); err != nil {
		return record, nil, nil, err
	}
	if err := exit.OtherReport(s.Flags.Report, s.reportOf, record.ID); err != nil {
		return record, nil, nil, err
	}
	journal, err := s.Ledger.Begin(ctx, record)
	return record, journal, nil, err
}

// last returns the last later command over any of the imports. Another one may have changed the devices
// since an earlier one, which is then not resumed.
func (s *Session) last(ctx context.Context) (last ledger.Import, err error) {
	for _, i := range s.Imports {
		for found, err := range s.Ledger.LaterCommands(ctx, i.ID) {
			if err != nil {
				return last, err
			}
			if found.Verb == later.VerbVerify {
				continue // it only completes devices
			}
			if found.ID > last.ID { // a UUIDv7 begins with its time
				last = found
			}
			break
		}
	}
	return last, nil
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// keyOfReplacement is like keyOf for a command over manifests, whose contents count.
func keyOfReplacement(record ledger.Import, settings engine.Settings) (string, error) {
	for _, m := range record.Manifests {
		record.Of = append(record.Of, m.Vendor+" "+m.SHA256)
	}
	return keyOf(record, settings)
}

// keyOf returns the same string for commands that would do the same to the same devices.
func keyOf(record ledger.Import, settings engine.Settings) (string, error) {
	only, skip := settings.Only.Digest(), settings.Skip.Digest()
	text, err := json.Marshal([]any{"thingpress later key 1", record.Verb, record.Of, record.Target, record.Settings, only, skip})
	if err != nil {
		return "", fmt.Errorf("key of the command: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// exitOf returns the error that a later command ends with after its summary.
func exitOf(s summaryLine, ended error, missing bool) error {
	switch {
	case errors.Is(ended, engine.ErrInterrupted):
		return exit.Silently(exit.Interrupted)
	case ended != nil:
		return exit.Silently(exit.Failure)
	case s.Pending > 0, s.Failed > 0, s.Rejected > 0, s.Kept > s.waiting(), missing:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}
