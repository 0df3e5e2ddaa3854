package after

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
)

// A Session is what a later command works with. The caller must close it.
type Session struct {
	Flags   *Flags
	Streams terminal.Streams
	Printer *progress.Printer
	// Imports are those that the command line names, and Chosen their ledger entries in the same order.
	Imports []ledger.Import
	Chosen  []imports.Chosen
	// Settings are those of the first import, with --only and --skip of this command.
	Settings   engine.Settings
	Ledger     *sqlite.Ledger
	Connection *target.Connection
	Quotas     target.Quotas
	Limiters   *quota.Limiters

	overrides map[iot.Operation]quota.Override
	reportOf  string // the ID of the command whose report is at --report; empty if there is none
}

// Connect checks the flags of a command and connects to its target. Changes reports whether the command
// changes something there, so that it needs --yes or a terminal; nothing is then what was not done, such
// as "nothing was undone".
func Connect(ctx context.Context, f *Flags, changes bool, nothing string, streams terminal.Streams) (_ *Session, err error) {
	s := &Session{Flags: f, Streams: streams}
	if err := f.Target.Check(); err != nil {
		return nil, err
	}
	if changes {
		if err := exit.Unapproved(f.Yes || f.Target.Sandbox, streams, nothing); err != nil {
			return nil, err
		}
	}
	if s.overrides, err = f.Quotas.Overrides(); err != nil {
		return nil, err
	}
	if s.reportOf, err = imports.CheckRows(f.Report, f.Overwrite); err != nil {
		return nil, err
	}
	s.Printer = streams.Progress(f.Quiet, f.Output)
	if s.Connection, err = f.Target.Connect(ctx, streams.Err); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Reading returns how manifests are opened, with the flags of the command for those in S3.
func (s *Session) Reading(objects manifests.ObjectFlags) manifests.Reading {
	return manifests.Reading{
		Stdin: s.Streams.In, Objects: objects, Profile: s.Flags.Target.Profile, Region: s.Flags.Target.Region, Printer: s.Printer,
	}
}

// Open finds the imports with these IDs, which may be shortened, connects to the account and region that
// they went into, and opens their ledger for writing. The other parameters are those of [Connect].
func Open(ctx context.Context, f *Flags, ids []string, changes bool, nothing string, streams terminal.Streams) (_ *Session, err error) {
	chosen, err := chooseAll(ctx, ids, f.Ledger)
	if err != nil {
		return nil, err
	}
	settings, err := imports.Recorded(chosen[0].Import)
	if err != nil {
		return nil, err
	}
	if settings.Only, settings.Skip, err = f.Lists.Read(ctx); err != nil {
		return nil, err
	}
	imports.Follow(&f.Target, chosen[0].Target)
	s, err := Connect(ctx, f, changes, nothing, streams)
	if err != nil {
		return nil, err
	}
	s.Chosen, s.Settings = chosen, settings
	for _, c := range chosen {
		s.Imports = append(s.Imports, c.Import)
	}
	if err = imports.CheckTarget(s.Connection, s.Imports[0].ID, s.Imports[0].Target); err == nil {
		err = s.openLedger(ctx, chosen[0].Path)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// openLedger opens a ledger for writing, and then finds out the quotas, so that a second command fails
// immediately while the first one is running.
func (s *Session) openLedger(ctx context.Context, path string) (err error) {
	s.Printer.Note("target: %s", s.Connection)
	if s.Ledger, err = sqlite.Open(ctx, path); err != nil {
		return err
	}
	imports.NoteUpgrade(s.Printer, s.Ledger)
	return s.Limit(ctx)
}

// Limit finds out the quotas, and sets Quotas and Limiters.
func (s *Session) Limit(ctx context.Context) (err error) {
	if s.Quotas, err = s.Flags.Quotas.Resolve(ctx, s.Connection.Client, s.overrides); err == nil {
		s.Limiters = s.Quotas.Limiters()
	}
	return err
}

// chooseAll returns the imports with these IDs. They must have one ledger and one target.
func chooseAll(ctx context.Context, ids []string, path string) (all []imports.Chosen, err error) {
	for _, id := range ids {
		c, err := imports.ChooseWithReplacements(ctx, id, path)
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			switch {
			case other.ID == c.ID:
				return nil, exit.UsageError(fmt.Errorf("import %s is named twice", c.ID), "")
			case other.Path != c.Path || other.Target != c.Target:
				return nil, exit.UsageError(fmt.Errorf("imports %s and %s went into different accounts, regions or ledgers", other.ID, c.ID),
					"run the command for each of them")
			}
		}
		all = append(all, c)
	}
	return all, nil
}

// Close closes everything that [Connect] or [Open] opened.
func (s *Session) Close() {
	if s.Ledger != nil {
		_ = s.Ledger.Close() // acknowledged records are durable already
	}
	if s.Connection != nil {
		if err := s.Connection.Close(); err != nil {
			s.Printer.Close()
			plain.Fprintf(s.Streams.Err, "thingpress: sandbox: %v\n", err)
		}
	}
	s.Printer.Close()
}

// Subjects yields every entry of the imports, with the outcome skipped for those that --only or --skip
// leave out.
func (s *Session) Subjects(ctx context.Context) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		for subject, err := range later.Subjects(ctx, s.Ledger, s.Imports) {
			if err == nil && subject.Record.ThingName != "" {
				d := subject.Device()
				if outcome, reason, detail := s.Settings.Select(&d); outcome != "" && subject.Outcome == "" {
					subject.Outcome, subject.Reason, subject.Detail = outcome, reason, detail
				}
			}
			if !yield(subject, err) {
				return
			}
		}
	}
}

// Survey calls count for every entry, before the first call of the command, and then returns an error if
// a list matched nothing.
func (s *Session) Survey(ctx context.Context, count func(*engine.Subject)) error {
	return s.SurveyOf(ctx, s.Subjects(ctx), count)
}

// SurveyOf is like [Session.Survey] for subjects of which the command knows more.
func (s *Session) SurveyOf(ctx context.Context, subjects iter.Seq2[*engine.Subject, error], count func(*engine.Subject)) error {
	for subject, err := range subjects {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		count(subject)
	}
	s.Printer.Pause()
	only, skip := s.Settings.Only.Unmatched(), s.Settings.Skip.Unmatched()
	return errors.Join(imports.ShowUnmatched(s.Streams.Err, only, skip), s.Flags.Lists.Check(s.Settings))
}
