package container

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"path"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/spool"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// A DetectFunc returns the format of a manifest, or a *[manifest.FileError] that says what it is instead.
type DetectFunc func(manifest.Input) (manifest.Format, error)

// Detect returns the format of the container in, which is that of the first manifest in it, with a
// decoder for the container. If there is no manifest in it, or if it is broken before the first one, the
// error is a *[manifest.FileError]; if ctx ends, it is its cause. Of the options only limits and the directory for
// temporary files count.
func Detect(ctx context.Context, in manifest.Input, opts manifest.Options, detect DetectFunc) (manifest.Format, error) {
	found := errors.New("found")
	var format manifest.Format
	var others passedOver
	w := newWalk(ctx, in, opts.Limits.OrDefault(), opts.TempDir, nil)
	w.visit = func(f *file) error {
		if isExplanation(f.name) {
			return others.add(f, nil)
		}
		one, err := detect(f.input(in.Name))
		switch {
		case err == nil:
			format = one
			return found
		case !isNoManifest(err):
			return err
		}
		return others.add(f, err)
	}
	err := w.container(in)
	switch {
	case errors.Is(err, found):
		return As(format, detect, false), nil
	case err == nil:
		w.at, err = others.nothing("")
	}
	return manifest.Format{}, fileError("", in, w.at, 0, err)
}

// As returns the format of a container of manifests of a format. If it was chosen, files of other
// formats are passed over. Otherwise they end the container.
func As(format manifest.Format, detect DetectFunc, chosen bool) manifest.Format {
	d := decoder{format, detect, chosen}
	format.Decoder = d
	format.Archive = true
	format.Limits = append([]manifest.LimitName{
		manifest.LimitArchiveMembers, manifest.LimitExpandedBytes, manifest.LimitExpansionRatio,
	}, format.Limits...)
	if format.Pieces = nil; format.Cut != nil {
		format.Cut = d.cut
	}
	return format
}

// Is reports whether a decoder, or a format, is one for containers.
func Is(d manifest.Decoder) bool {
	if format, ok := d.(manifest.Format); ok {
		d = format.Decoder
	}
	_, ok := d.(decoder)
	return ok
}

// A decoder reads containers of manifests of one format.
type decoder struct {
	format manifest.Format // of the manifests
	detect DetectFunc
	chosen bool
}

// Vendor implements [manifest.Decoder].
func (d decoder) Vendor() string { return d.format.Vendor() }

// Detect implements [manifest.Decoder].
func (decoder) Detect(head []byte, _ int64) bool { return Begins(head) }

// Decode implements [manifest.Decoder].
func (d decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return d.decode(ctx, in, opts, nil)
}

// decode calls onManifest, which may be nil, with each file that has entries.
func (d decoder) decode(ctx context.Context, in manifest.Input, opts manifest.Options, onManifest func(whole) error,
) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, d.Vendor(), in, opts, func(f *stream.Frame) error {
		r := &reading{decoder: d, ctx: ctx, frame: f, onManifest: onManifest}
		r.walk = newWalk(ctx, f.Input, f.Limits, f.Options.TempDir, r.readFile)
		err := r.walk.container(f.Input)
		if err == nil {
			err = r.end()
		}
		if err != nil && r.held != nil && manifest.ReasonOf(err) != manifest.ReasonPrivateKey {
			if left := r.emit(); left != nil {
				return left
			}
		}
		return fileError(d.Vendor(), f.Input, r.walk.at, f.Entry, err)
	})
}

// fileError returns a *[manifest.FileError] for an error with a reason, and any other error as it is.
func fileError(vendor string, in manifest.Input, at string, entry int, err error) error {
	reason := manifest.ReasonOf(err)
	var broken *manifest.FileError
	switch {
	case errors.As(err, &broken):
		if broken.Member == "" && broken.Reason != manifest.ReasonChanged { // of a [DetectFunc]
			broken.Vendor, broken.Manifest, broken.Member, broken.Entry = vendor, in.Name, at, entry
		}
		return err
	case reason == "":
		return err
	}
	return &manifest.FileError{
		Vendor: vendor, Manifest: in.Name, Member: at, Entry: entry, Reason: reason, Limit: manifest.LimitOf(err), Err: err,
	}
}

// A reading is one pass over a container.
type reading struct {
	decoder decoder
	ctx     context.Context //nolint:containedctx // it lives as long as one call of Decode
	frame   *stream.Frame
	walk    *walk
	first   string       // the first manifest
	held    *stream.Held // the last entry, until it is known what is passed over next to it
	others  passedOver
	broken  error // of a manifest; the files after it are only searched for keys

	onManifest func(whole) error // may be nil
}

// A whole is a file with its entries.
type whole struct {
	input    manifest.Input
	name     string // in the container
	first    int    // number of its first entry
	rejected bool   // all of it is a rejected entry
}

// readFile reads the entries of a file, or passes it over.
func (r *reading) readFile(f *file) error {
	if r.broken != nil {
		return r.search(f)
	}
	if isExplanation(f.name) || r.skips(f.name) {
		return r.passOver(f, nil)
	}
	if len(f.head) == 0 && isCertificateName(f.name) {
		if err := r.others.count(); err != nil {
			return err
		}
		return r.reject(f.input(r.frame.Input.Name), f.name, manifest.Errorf(manifest.ReasonTruncated, "the file is empty"))
	}
	format, err := r.decoder.detect(f.input(r.frame.Input.Name))
	switch {
	case err != nil && !isNoManifest(err):
		return err
	case err != nil:
		return r.passOver(f, err)
	case format.Vendor() == r.decoder.Vendor():
		return r.readManifest(f)
	case r.decoder.chosen || r.first == "":
		return r.passOver(f, manifest.Errorf(manifest.ReasonWrongFormat, "a manifest of format %s", format.Vendor()))
	}
	return manifest.Errorf(manifest.ReasonWrongFormat, "this is a manifest of format %s, but %s is one of format %s",
		format.Vendor(), r.first, r.decoder.Vendor())
}

// skips reports whether the format wants nothing of a file.
func (r *reading) skips(name string) bool {
	skips := r.decoder.format.Skips
	return skips != nil && skips(name, *r.frame.Options)
}

// readManifest emits the entries of a file.
func (r *reading) readManifest(f *file) error {
	if r.first == "" {
		r.first = path.Base(manifest.Place(r.frame.Input.Name, f.name))
	}
	kept, err := spool.Fill(r.frame.Reader(f.reader()), r.frame.Options.TempDir)
	if err != nil {
		return err
	}
	defer kept.Close() //nolint:errcheck // it was only read
	in := f.input(r.frame.Input.Name)
	in.Reader, in.Size = kept, kept.Size()
	options := *r.frame.Options
	options.Start = manifest.Position{}
	before := r.entries()
	for device, err := range r.decoder.format.Decode(r.ctx, in, options) {
		var rejected *manifest.EntryError
		var broken *manifest.FileError
		switch {
		case err == nil, errors.As(err, &rejected):
			err = r.hold(stream.Held{Device: device, Rejected: rejected, Member: f.name})
		case errors.As(err, &broken):
			rejected := r.entries() == before && broken.Reason == manifest.ReasonTruncated && !r.decoder.format.Archive
			if rejected { // no more than this entry is lost
				return r.reject(in, f.name, broken.Err)
			}
			err = r.breakOff(f, broken, r.entries() == before)
		}
		if err != nil {
			return err
		}
	}
	if r.onManifest == nil || r.entries() == before {
		return nil
	}
	return r.onManifest(whole{input: in, name: f.name, first: before})
}

// entries returns the number of entries so far.
func (r *reading) entries() int {
	if r.held != nil {
		return r.frame.Entry + 1
	}
	return r.frame.Entry
}

// breakOff deals with a manifest that cannot be read to its end.
func (r *reading) breakOff(f *file, broken *manifest.FileError, first bool) error {
	if first && isNoManifest(broken) {
		return r.others.add(f, broken)
	}
	broken.Manifest, broken.Member, broken.Entry = r.frame.Input.Name, f.name, r.entries()
	if broken.Reason == manifest.ReasonPrivateKey || broken.Reason == manifest.ReasonChanged {
		return broken
	}
	r.broken = broken
	return nil
}

// reject emits a file that is a rejected entry.
func (r *reading) reject(in manifest.Input, name string, err error) error {
	first := r.entries()
	rejected := &manifest.EntryError{Vendor: r.decoder.Vendor(), Reason: manifest.ReasonOf(err), Err: err}
	if err := r.hold(stream.Held{Member: name, Rejected: rejected}); err != nil || r.onManifest == nil {
		return err
	}
	return r.onManifest(whole{input: in, name: name, first: first, rejected: true})
}

// hold emits the entry that was held, and holds the next one.
func (r *reading) hold(next stream.Held) error {
	if err := r.emit(); err != nil {
		return err
	}
	if err := r.frame.Begin(); err != nil {
		return err
	}
	r.held = &next
	return nil
}

// emit emits the entry that is held, with what was passed over before and after it.
func (r *reading) emit() error {
	held := r.held
	if held == nil {
		return nil
	}
	r.held = nil
	r.others.mention(held)
	return r.frame.EmitHeld(held)
}

// passOver passes over a file, unless it contains a private key.
func (r *reading) passOver(f *file, err error) error {
	if err := r.search(f); err != nil {
		return err
	}
	return r.others.add(f, err)
}

// search returns an error if a file contains a private key.
func (r *reading) search(f *file) error {
	secret := manifest.NewSecretReader(r.frame.Reader(f.reader()))
	found, err := secret.Drain()
	if _, what := r.decoder.detect(f.input(r.frame.Input.Name)); found || manifest.ReasonOf(what) == manifest.ReasonPrivateKey {
		return manifest.ErrPrivateKey
	}
	return err
}

// end ends a container that was read to its end.
func (r *reading) end() error {
	if err := r.emit(); err != nil {
		return err
	}
	switch {
	case r.broken != nil:
		return r.broken
	case r.frame.Entry == 0:
		var err error
		r.walk.at, err = r.others.nothing(r.decoder.Vendor())
		return err
	}
	return nil
}

// input returns the beginning of the file for a [DetectFunc].
func (f *file) input(container string) manifest.Input {
	name := f.name
	if name == "" {
		base := path.Base(container)
		name = strings.TrimSuffix(base, path.Ext(base))
	}
	size := int64(len(f.head))
	if !f.whole() {
		size++ // or more
	}
	return manifest.Input{Name: name, Reader: bytes.NewReader(f.head), Size: size}
}
