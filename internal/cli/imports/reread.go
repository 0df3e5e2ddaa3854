package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A Rereading reads the manifests of an import again, for what no ledger has: the certificates.
type Rereading struct {
	files *manifests.Files
	// sources are those of the manifests by their index; one that cannot be read again is nil.
	sources []*engine.Source
	options manifest.Options
	partial bool
}

const hintManifest = "name the file that was imported with --manifest"

// Reread opens the manifests of an import, which must be the same as then. A file that is elsewhere now is
// among moved. The caller must close the result.
func Reread(ctx context.Context, i ledger.Import, moved []string, from manifests.Reading) (*Rereading, error) {
	r, missing, err := RereadPart(ctx, i, moved, from)
	if err == nil && len(missing) > 0 {
		err = errors.Join(missing[0], r.Close())
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// RereadPart is like Reread, but does without manifests that cannot be read again. Their errors are missing.
func RereadPart(ctx context.Context, i ledger.Import, moved []string, from manifests.Reading) (r *Rereading, missing []error, err error) {
	settings, err := Recorded(i)
	if err != nil {
		return nil, nil, err
	}
	paths, flags := Reading(i)
	r = &Rereading{files: &manifests.Files{}, options: settings.Decode, partial: settings.Partial}
	r.options.Now = i.Begun // a certificate that has expired since was valid
	signers, _, err := vendors.LoadSigners(flags["signer"]...)
	if err != nil {
		return nil, nil, exit.WithHint(err, "put the certificates of the signers where they were")
	}
	for _, signer := range signers {
		r.options.Signers = append(r.options.Signers, signer.Certificate)
	}
	if r.files, err = manifests.OpenFiles(ctx, moved, from); err != nil {
		return nil, nil, err
	}
	from.Objects = from.Objects.Recorded(flags)
	known := opened{moved: r.files.Inputs}
	for _, path := range paths {
		known.add(ctx, r.files, path, from)
	}
	for index, m := range i.Manifests {
		from.Printer.Update(progress.Status{Phase: "reading " + m.Name})
		source, err := known.find(ctx, index, m, r.options)
		if err != nil {
			source, missing = nil, append(missing, err)
		}
		r.sources = append(r.sources, source)
	}
	return r, missing, nil
}

// opened are files that may be manifests of an import.
type opened struct {
	moved    []manifest.Input
	recorded []manifest.Input // in the order of the manifests, as far as they could be opened
	failures []error          // by the same index
}

// add opens a path of the import. A container has several manifests.
func (o *opened) add(ctx context.Context, into *manifests.Files, path string, from manifests.Reading) {
	var files *manifests.Files
	err := exit.UsageError(errors.New("a manifest came from standard input"), hintManifest)
	if path != "-" {
		files, err = manifests.OpenFiles(ctx, []string{path}, from)
	}
	if err != nil {
		o.recorded, o.failures = append(o.recorded, manifest.Input{}), append(o.failures, err)
		return
	}
	into.Adopt(files)
	for _, in := range files.Inputs {
		o.recorded, o.failures = append(o.recorded, in), append(o.failures, nil)
	}
}

// find returns the manifest with an index. A file that changed since the import is not the manifest.
func (o *opened) find(ctx context.Context, index int, m ledger.Manifest, options manifest.Options) (*engine.Source, error) {
	// A manifest may be in a container, which not every file among moved has to be.
	open := func(in manifest.Input) (*engine.Source, error) {
		format, err := vendors.Choose(ctx, in, m.Vendor, options)
		if err != nil {
			return nil, err
		}
		return engine.OpenSource(ctx, in, format)
	}
	if index < len(o.recorded) && o.failures[index] == nil {
		source, err := open(o.recorded[index])
		if err != nil || source.SHA256 == m.SHA256 {
			return source, err
		}
		o.failures[index] = fmt.Errorf("%s is not what was imported: its SHA-256 is %s, that of the import %s", o.recorded[index].Name,
			source.SHA256, m.SHA256)
	}
	for _, in := range o.moved {
		source, err := open(in)
		if err != nil || source.SHA256 == m.SHA256 {
			return source, err
		}
	}
	failure := fmt.Errorf("the ledger has no path of %s, whose certificates are needed", m.Name)
	if index < len(o.failures) {
		failure = o.failures[index]
	}
	return nil, exit.WithHint(failure, hintManifest)
}

// Decoded yields the subjects of the import, each with its device unless the manifest has none at the place.
// Subjects must be in the order of their places.
func (r *Rereading) Decoded(ctx context.Context, subjects iter.Seq2[*engine.Subject, error]) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		next, stop := iter.Pull2(r.devices(ctx))
		defer stop()
		d, failed, more := next()
		for s, err := range subjects {
			for err == nil && failed == nil && more && before(d.place, s.Place) {
				d, failed, more = next()
			}
			if err = cmp.Or(err, failed); err != nil {
				yield(nil, err)
				return
			}
			if more && d.place == s.Place {
				s.Decoded = d.device
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

func before(a, b ledger.Place) bool {
	return cmp.Or(cmp.Compare(a.Manifest, b.Manifest), cmp.Compare(a.Entry, b.Entry)) < 0
}

type placed struct {
	place  ledger.Place
	device *manifest.Device
}

// devices yields the devices of the manifests in order.
func (r *Rereading) devices(ctx context.Context) iter.Seq2[placed, error] {
	return func(yield func(placed, error) bool) {
		for m, source := range r.sources {
			for d, err := range source.Decoder.Decode(ctx, source.Input, r.options) {
				var rejected *manifest.EntryError
				var broken *manifest.FileError
				switch {
				case errors.As(err, &rejected):
					continue
				case errors.As(err, &broken) && r.partial:
				case err != nil:
					yield(placed{}, err)
					return
				case !yield(placed{ledger.Place{Manifest: m, Entry: d.Entry}, &d}, nil):
					return
				}
			}
		}
	}
}

// ByManifest returns the devices of each manifest by its index, nil for one that cannot be read again. Errors that concern
// one entry are values.
func (r *Rereading) ByManifest(ctx context.Context) []iter.Seq2[manifest.Device, error] {
	list := make([]iter.Seq2[manifest.Device, error], len(r.sources))
	for n, source := range r.sources {
		if source != nil {
			list[n] = source.Decoder.Decode(ctx, source.Input, r.options)
		}
	}
	return list
}

// Close closes the manifests.
func (r *Rereading) Close() error { return r.files.Close() }
