package after

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
)

// VerbVerify is the verb of a `thingpress verify --fix` in the ledger.
const VerbVerify = "verify"

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
}

// Open finds the imports with these IDs, which may be shortened, opens their ledger for writing, and
// connects to the account and region that they went into. Changes reports whether the command changes
// something there, so that it needs --yes or a terminal; nothing is then what was not done, such as
// "nothing was undone".
func Open(ctx context.Context, f *Flags, ids []string, changes bool, nothing string, streams terminal.Streams) (_ *Session, err error) {
	s := &Session{Flags: f, Streams: streams}
	for _, id := range ids {
		chosen, err := imports.ChooseUndoable(ctx, id, f.Ledger)
		if err != nil {
			return nil, err
		}
		if err := s.add(chosen); err != nil {
			return nil, err
		}
	}
	if s.Settings, err = imports.Recorded(s.Imports[0]); err != nil {
		return nil, err
	}
	if s.Settings.Only, s.Settings.Skip, err = f.Lists.Read(ctx); err != nil {
		return nil, err
	}
	s.defaultTarget()
	if err := f.Target.Check(); err != nil {
		return nil, err
	}
	if changes {
		if err := exit.Unapproved(f.Yes || f.Target.Sandbox, streams, nothing); err != nil {
			return nil, err
		}
	}
	overrides, err := f.Quotas.Overrides()
	if err != nil {
		return nil, err
	}
	s.Printer = streams.Progress(f.Quiet, f.Output)
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.Connection, err = f.Target.Connect(ctx, streams.Err); err != nil {
		return nil, err
	}
	if err := s.checkTarget(); err != nil {
		return nil, err
	}
	s.Printer.Note("target: %s", s.Connection)
	if s.Ledger, err = sqlite.Open(ctx, s.Chosen[0].Path); err != nil {
		return nil, err
	}
	imports.NoteUpgrade(s.Printer, s.Ledger)
	if s.Quotas, err = f.Quotas.Resolve(ctx, s.Connection.Client, overrides); err != nil {
		return nil, err
	}
	s.Limiters = s.Quotas.Limiters()
	return s, nil
}

// add adds an import, which must be in the ledger and have the target of the others.
func (s *Session) add(c imports.Chosen) error {
	for _, other := range s.Chosen {
		switch {
		case other.ID == c.ID:
			return exit.UsageError(fmt.Errorf("import %s is named twice", c.ID), "")
		case other.Path != c.Path || other.Target != c.Target:
			return exit.UsageError(fmt.Errorf("imports %s and %s went into different accounts, regions or ledgers", other.ID, c.ID),
				"run the command for each of them")
		}
	}
	s.Chosen, s.Imports = append(s.Chosen, c), append(s.Imports, c.Import)
	return nil
}

// defaultTarget makes the recorded target that of the command, as far as no flag names another one.
func (s *Session) defaultTarget() {
	f, to := &s.Flags.Target, s.Imports[0].Target
	switch {
	case f.Sandbox || f.EndpointURL != "":
	case to.Sandbox != "" && f.Profile == "":
		f.Sandbox = true
	case to.Endpoint != "":
		f.EndpointURL = to.Endpoint
	}
	if f.Region == "" {
		f.Region = to.Region
	}
}

// checkTarget refuses another account, region or sandbox than that of the imports.
func (s *Session) checkTarget() error {
	to, c := s.Imports[0].Target, s.Connection
	switch {
	case to == c.Target || to == c.Spelled:
		return nil
	case to.Sandbox != "" && to.Sandbox != c.Target.Sandbox && c.Target.Sandbox != "":
		return exit.WithHint(fmt.Errorf("import %s went into another sandbox", s.Imports[0].ID),
			"name the file with its state with --sandbox-state")
	}
	return exit.WithHint(fmt.Errorf("import %s went into %s, not into %s", s.Imports[0].ID, imports.TargetName(to), c),
		"select the credentials and the region of the import with --profile and --region")
}

// Close closes everything that Open opened.
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
		for subject, err := range imports.Subjects(ctx, s.Ledger, s.Imports) {
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
	for subject, err := range s.Subjects(ctx) {
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
