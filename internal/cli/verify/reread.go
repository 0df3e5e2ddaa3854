package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/after"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A rereading reads manifests of an import again, because the ledger has no certificates.
type rereading struct {
	options manifest.Options
	// sources are those of the manifests by their index; one that cannot be read again is nil.
	sources []*engine.Source
	// gone has the IDs of the certificates to read.
	gone  map[string]bool
	close func()
}

// reread opens the manifests of an import where they were, if certificates are gone. A certificate that undo
// or replace deleted stays so. If a manifest is not there any more, or is another one, the certificates in it
// cannot be registered, which is noted.
func reread(ctx context.Context, s *after.Session, gone map[string]bool, objects manifests.ObjectFlags) (*rereading, error) {
	r := &rereading{gone: gone, options: s.Settings.Decode, sources: make([]*engine.Source, len(s.Imports[0].Manifests)), close: func() {}}
	if len(gone) == 0 {
		return r, nil
	}
	if err := leaveDeleted(ctx, s, gone); err != nil || len(gone) == 0 {
		return r, err
	}
	i := s.Imports[0]
	paths, flags := imports.Reading(i)
	var decode manifests.Flags
	reading := &cobra.Command{}
	decode.Add(reading)
	for _, signer := range flags["signer"] {
		_ = reading.Flags().Set("signer", signer) // any text will do
	}
	options, err := decode.Options(ctx)
	if err == nil {
		r.options.Signers = options.Signers
		r.options.Now = i.Begun // the certificates were valid then
		err = r.open(ctx, i, paths, s.Reading(objects.Recorded(flags)))
	}
	if err != nil {
		s.Printer.Note("certificates that are gone cannot be registered: %v\nif you have the manifests, name them: %s", err, imports.FixLine(i))
	}
	return r, nil
}

// open opens the manifests of an import, and returns an error that names those that it cannot read.
func (r *rereading) open(ctx context.Context, i ledger.Import, paths []string, from manifests.Reading) (missing error) {
	var opened []*manifests.Files
	r.close = func() {
		for _, files := range opened {
			_ = files.Close() // they were only read
		}
	}
	n := 0 // index of the manifest
	for _, path := range paths {
		if path == "-" {
			missing, n = errors.Join(missing, errors.New("a manifest came from standard input")), n+1
			continue
		}
		files, err := manifests.OpenFiles(ctx, []string{path}, from)
		if err != nil {
			missing, n = errors.Join(missing, err), n+1
			continue
		}
		opened = append(opened, files)
		for _, in := range files.Inputs {
			if n < len(r.sources) {
				r.sources[n], err = openAgain(ctx, in, i.Manifests[n], r.options)
				missing = errors.Join(missing, err)
			}
			n++
		}
	}
	return missing
}

// openAgain opens a manifest, which must be the one that was imported. It may be in a container.
func openAgain(ctx context.Context, in manifest.Input, m ledger.Manifest, options manifest.Options) (*engine.Source, error) {
	format, err := vendors.Choose(ctx, in, m.Vendor, options)
	if err != nil {
		return nil, err
	}
	source, err := engine.OpenSource(ctx, in, format)
	if err == nil && source.SHA256 != m.SHA256 {
		return nil, fmt.Errorf("%s is not what was imported: its SHA-256 is %s, that of the import %s", in.Name, source.SHA256, m.SHA256)
	}
	return source, err
}

// leaveDeleted takes from gone the certificates that an undo or a replacement of this ledger deleted.
func leaveDeleted(ctx context.Context, s *after.Session, gone map[string]bool) error {
	for _, id := range []string{s.Imports[0].ID, ""} { // "" stands for replacements
		if err := later.LeaveDeleted(ctx, s.Ledger, id, gone); err != nil {
			return err
		}
	}
	return nil
}

// fill yields the subjects, those whose certificates are gone with the certificates.
func (r *rereading) fill(ctx context.Context, subjects iter.Seq2[*engine.Subject, error]) iter.Seq2[*engine.Subject, error] {
	manifests := make([]iter.Seq2[manifest.Device, error], len(r.sources))
	for i, source := range r.sources {
		if source != nil {
			manifests[i] = source.Decoder.Decode(ctx, source.Input, r.options)
		}
	}
	return func(yield func(*engine.Subject, error) bool) {
		defer r.close()
		later.WithCertificates(subjects, r.gone, manifests)(yield)
	}
}
