package verify

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/after"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
)

// nothing is what was not done if --fix is not confirmed.
const nothing = "nothing was changed"

// A fleet is the devices to verify, and where they are.
type fleet struct {
	*engine.Fleet
	// importID is the ID of the import; empty for manifests.
	importID   string
	resume     string // the command line that resumes the import
	manifests  []ledger.Manifest
	printer    *progress.Printer
	connection *target.Connection
	limiters   *quota.Limiters
	close      func()
	// mending prepares a later command over the devices that drifted, of which the certificates of some are
	// gone. Only that over an import is recorded.
	mending func(ctx context.Context, drifted, gone map[string]bool) (engine.Later, error)
	// advised is the import for orders that name it.
	advised advice.Import
	// rejected is the number of entries of manifests that are not devices.
	rejected int
}

// openImport opens an import by its ID.
func (o *options) openImport(ctx context.Context, args []string, streams terminal.Streams) (*fleet, error) {
	s, err := after.Open(ctx, &o.Flags, args, o.fix, nothing, streams)
	if err != nil {
		return nil, err
	}
	f := &fleet{
		importID: s.Imports[0].ID, resume: imports.ResumeLine(s.Imports[0], o.Ledger), manifests: s.Imports[0].Manifests,
		printer: s.Printer, connection: s.Connection, limiters: s.Limiters, close: s.Close,
	}
	f.advised = advice.Import{
		ID: f.importID, Ledger: o.Ledger, Resume: f.resume, Mend: o.mendLine("thingpress verify "+f.importID+" --fix", nil),
	}
	err = s.Survey(ctx, func(*engine.Subject) {})
	var commands []ledger.Import
	if err == nil {
		commands, err = f.laterCommands(ctx, s)
	}
	if err == nil {
		all := func(ctx context.Context) iter.Seq2[*engine.Subject, error] {
			return later.WithStatus(ctx, s.Ledger, s.Subjects(ctx), commands)
		}
		f.mending = func(ctx context.Context, drifted, gone map[string]bool) (engine.Later, error) {
			subjects, err := withCertificates(ctx, s, gone, o.objects, all(ctx))
			if err != nil {
				return engine.Later{}, err
			}
			return f.recordMending(ctx, s, subjects, drifted)
		}
		f.Fleet, err = engine.FleetOfSubjects(ctx, engine.Subjects{Manifests: f.manifests, All: all, Identity: later.IdentityOf}, s.Settings)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	imports.BoundMemory(streams.LookupEnv, nil, f.Devices)
	return f, nil
}

// laterCommands returns the commands that set the status of certificates, newest first, and notes those
// after which nothing can be as the import wanted.
func (f *fleet) laterCommands(ctx context.Context, s *after.Session) (statuses []ledger.Import, err error) {
	for command, err := range s.Ledger.LaterCommands(ctx, f.importID) {
		switch {
		case err != nil:
			return nil, err
		case later.StatusOf(command.Verb) != "":
			statuses = append(statuses, command)
		case command.Verb != later.VerbVerify && command.Counts.Changed > 0:
			f.printer.Note("note: thingpress %s changed %s of this import at %s", command.Verb,
				progress.Plural(command.Counts.Changed, "device", "devices"), imports.Begun(command))
		}
	}
	return statuses, nil
}

// recordMending begins the record of a later command that mends the subjects that drifted.
func (f *fleet) recordMending(ctx context.Context, s *after.Session, subjects iter.Seq2[*engine.Subject, error], drifted map[string]bool,
) (engine.Later, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return engine.Later{}, err
	}
	record := ledger.Import{
		ID: id.String(), Key: id.String(), Verb: later.VerbVerify, Of: []string{f.importID}, Target: s.Connection.Target,
		Manifests: f.manifests, Settings: `{"fix":"true"}`, Begun: time.Now(),
	}
	journal, err := s.Ledger.Begin(ctx, record)
	if err != nil {
		return engine.Later{}, err
	}
	return engine.Later{ID: record.ID, Manifests: f.manifests, Journal: journal, Subjects: func(yield func(*engine.Subject, error) bool) {
		for subject, err := range subjects {
			if err == nil && subject.Outcome == "" && !drifted[subject.Record.CertificateID.String()] {
				subject.Outcome = ledger.Unchanged
			}
			if !yield(subject, err) {
				return
			}
		}
	}}, nil
}

// A pass is the first pass over manifests.
type pass struct {
	key     string // the same if the same is wanted of the devices
	sources []*engine.Source
	scan    *engine.ScanResult
	wanted  engine.Settings
}

// passes are the first passes over the manifests of a command, one for all targets in which the same is wanted. The
// zero value is ready for use, and must be closed.
type passes struct {
	files *manifests.Files
	made  []*pass
	// failed is set if the manifests cannot be read.
	failed error
}

func (p *passes) close() {
	if p.files != nil {
		_ = p.files.Close() // they were only read
	}
}

// of returns the pass for what the flags want of the devices.
func (p *passes) of(ctx context.Context, o *options, wanted engine.Settings, args []string, s *after.Session) (_ *pass, err error) {
	text, err := json.Marshal(wanted)
	if err != nil {
		return nil, err
	}
	key := o.decode.Vendor + "\x00" + string(text)
	for _, made := range p.made {
		if made.key == key {
			return made, nil
		}
	}
	defer func() { p.failed = err }()
	if p.files == nil {
		if p.files, err = manifests.OpenFiles(ctx, args, s.Reading(o.objects)); err != nil {
			return nil, err
		}
	}
	made := &pass{key: key, wanted: wanted}
	if made.sources, err = manifests.OpenSources(ctx, p.files.Inputs, o.decode.Vendor, wanted.Decode, s.Printer); err != nil {
		return nil, err
	}
	made.scan, err = imports.Scan(ctx, made.sources, wanted, &o.Lists, manifests.ShowScanning(s.Printer), s.Printer, s.Streams)
	if err != nil {
		return nil, err
	}
	p.made = append(p.made, made)
	return made, nil
}

// mendLine returns a command with the flags of this one that decide which devices are mended.
func (o *options) mendLine(command string, args []string) string {
	return imports.CommandLine(command, args, o.flags, "fix", "full", "connected", "report", "overwrite", "output", "quiet", "yes")
}

// openManifests connects to the target, and reads the manifests unless p has a pass over them.
func (o *options) openManifests(ctx context.Context, p *passes, args []string, streams terminal.Streams) (_ *fleet, err error) {
	wanted, err := o.settings(ctx)
	if err != nil {
		return nil, err
	}
	s, err := after.Connect(ctx, &o.Flags, o.fix, nothing, streams)
	if err != nil {
		return nil, err
	}
	f := &fleet{
		printer: s.Printer, connection: s.Connection, close: s.Close, advised: advice.Import{Mend: o.mendLine("thingpress verify --fix", args)},
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	f.printer.Note("target: %s", f.connection)
	made, err := p.of(ctx, o, wanted, args, s)
	if err != nil {
		return nil, err
	}
	if err := s.Limit(ctx); err != nil {
		return nil, err
	}
	sources, scan := made.sources, made.scan
	f.Fleet, f.manifests, f.rejected = engine.FleetOfScan(sources, scan, made.wanted), scan.Manifests, scan.Rejected
	f.limiters = s.Limiters
	f.mending = func(context.Context, map[string]bool, map[string]bool) (engine.Later, error) {
		return engine.Later{Manifests: scan.Manifests, Sources: sources, Scan: scan}, nil
	}
	return f, nil
}

// settings returns what the flags say that is wanted of the devices of manifests.
func (o *options) settings(ctx context.Context) (engine.Settings, error) {
	decode, err := o.decode.Options(ctx)
	if err != nil {
		return engine.Settings{}, err
	}
	settings, err := o.attach.Settings()
	if err != nil {
		return settings, err
	}
	settings.Decode, settings.Adopt = decode, false
	settings.Only, settings.Skip, err = o.Lists.Read(ctx)
	return settings, err
}
