package imports

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A Rereading reads the manifests of an import again, for what no ledger has: the certificates.
type Rereading struct {
	files   *manifests.Files
	sources []*engine.Source
	options manifest.Options
	partial bool
}

const hintManifest = "name the file that was imported with --manifest"

// Reread opens the manifests of an import, which must be the same as then. A file that is elsewhere now is
// among moved. The caller must close the result.
func Reread(ctx context.Context, i ledger.Import, moved []string, printer *progress.Printer, streams terminal.Streams) (*Rereading, error) {
	settings, err := Recorded(i)
	if err != nil {
		return nil, err
	}
	var recorded struct {
		Manifests []string
		Flags     map[string][]string
	}
	_ = json.Unmarshal([]byte(i.Settings), &recorded) // settings of other forms have neither
	r := &Rereading{files: &manifests.Files{}, options: settings.Decode, partial: settings.Partial}
	r.options.Now = i.Begun // a certificate that has expired since was valid
	signers, _, err := vendors.LoadSigners(recorded.Flags["signer"]...)
	if err != nil {
		return nil, exit.WithHint(err, "put the certificates of the signers where they were")
	}
	for _, signer := range signers {
		r.options.Signers = append(r.options.Signers, signer.Certificate)
	}
	if r.files, err = manifests.OpenFiles(ctx, moved, streams.In); err != nil {
		return nil, err
	}
	opened := r.files.Inputs
	for index, m := range i.Manifests {
		source, err := r.find(ctx, m, opened, printer)
		if err == nil && source == nil {
			path := ""
			if index < len(recorded.Manifests) && recorded.Manifests[index] != "-" {
				path = recorded.Manifests[index]
			}
			source, err = r.open(ctx, m, path, printer, streams)
		}
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.sources = append(r.sources, source)
	}
	return r, nil
}

// find returns the manifest among inputs, or nil.
func (r *Rereading) find(ctx context.Context, m ledger.Manifest, inputs []manifest.Input, printer *progress.Printer,
) (*engine.Source, error) {
	for _, in := range inputs {
		source, err := r.source(ctx, m, in, printer)
		if err != nil || source.SHA256 == m.SHA256 {
			return source, err
		}
	}
	return nil, nil //nolint:nilnil // it is elsewhere
}

func (r *Rereading) open(ctx context.Context, m ledger.Manifest, path string, printer *progress.Printer, streams terminal.Streams,
) (*engine.Source, error) {
	if path == "" {
		return nil, exit.UsageError(fmt.Errorf("the ledger has no path of %s, whose certificates are needed", m.Name), hintManifest)
	}
	files, err := manifests.OpenFiles(ctx, []string{path}, streams.In)
	if err != nil {
		return nil, exit.WithHint(err, hintManifest)
	}
	r.files.Adopt(files)
	source, err := r.source(ctx, m, files.Inputs[0], printer)
	if err == nil && source.SHA256 != m.SHA256 {
		err = exit.WithHint(fmt.Errorf("%s is not what was imported: its SHA-256 is %s, that of the import %s", path, source.SHA256, m.SHA256),
			hintManifest)
	}
	return source, err
}

func (r *Rereading) source(ctx context.Context, m ledger.Manifest, in manifest.Input, printer *progress.Printer) (*engine.Source, error) {
	format, err := vendors.Lookup(m.Vendor)
	if err != nil {
		return nil, err
	}
	printer.Update(progress.Status{Phase: "reading " + in.Name})
	return engine.OpenSource(ctx, in, format)
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

// Close closes the manifests.
func (r *Rereading) Close() error { return r.files.Close() }
