// Package stream is the common frame of all decoders: it numbers entries, enforces
// limits, ends with the context, resumes, and adds places to errors. A decoder
// adds what is specific to its format.
package stream

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
)

// errLeft ends a pass whose caller left the iteration.
var errLeft = errors.New("the iteration was left")

// A Frame is one pass over one manifest. It is not safe for concurrent use.
type Frame struct {
	// Reads of Input end with the context.
	Input   manifest.Input
	Options *manifest.Options
	// Limits are the limits of the options, with defaults.
	Limits manifest.Limits
	// Entry is the index of the next entry.
	Entry int

	ctx     context.Context //nolint:containedctx // a Frame lives as long as one call of Decode
	vendor  string
	window  *Window  // nil if the manifest is not text
	issuers *issuers // nil unless devices may have the certificates of authorities
	yield   func(manifest.Device, error) bool
}

// Decode returns the entries that read passes to [Frame.Emit]. An error of read
// ends the stream. If it has a [manifest.Reason] it becomes a
// *[manifest.FileError] with the place that was reached. Nil and [io.EOF] mean
// that the manifest is complete.
func Decode(
	ctx context.Context, vendor string, in manifest.Input, opts manifest.Options, read func(*Frame) error,
) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		in.Reader = interruptible{ctx, in.Reader}
		f := &Frame{Input: in, Options: &opts, Limits: opts.Limits.OrDefault(), ctx: ctx, vendor: vendor, yield: yield}
		if opts.AllowCA {
			f.issuers = findIssuers(*f, read)
		}
		err := read(f)
		if err == nil || errors.Is(err, io.EOF) {
			err = f.complete()
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(manifest.Device{}, f.broken(err))
		}
	}
}

// findIssuers reads the manifest once to find those who issued its entries. The
// second reading reports the errors of the first.
func findIssuers(f Frame, read func(*Frame) error) *issuers {
	found := &issuers{names: map[[sha256.Size]byte]struct{}{}}
	options := *f.Options
	options.Start = manifest.Position{}
	f.Options, f.issuers = &options, found
	f.yield = func(manifest.Device, error) bool { return true }
	_ = read(&f)
	found.complete = true
	return found
}

// complete checks the number of entries after the whole manifest was read.
func (f *Frame) complete() error {
	switch {
	case f.Entry == 0:
		return manifest.Errorf(manifest.ReasonEmpty, "it has no entries")
	case f.Entry < f.Options.Start.Entry:
		return manifest.Errorf(manifest.ReasonChanged,
			"there are %d entries, but reading should resume at entry %d", f.Entry, f.Options.Start.Entry)
	}
	return nil
}

// OpenText opens the manifest as text. lines is false for a format in which lines
// have no meaning.
func (f *Frame) OpenText(lines bool) (w *Window, err error) {
	f.window, err = open(f.Input, f.Limits.EntryBytes, lines)
	return f.window, err
}

// Resume goes to the offset at which reading should resume, if there is one.
func (f *Frame) Resume() error {
	start := f.Options.Start
	if start.Entry == 0 || start.Offset == 0 {
		return nil
	}
	if err := f.window.goTo(start.Offset, start.Line); err != nil {
		return err
	}
	f.Entry = start.Entry
	return nil
}

// Err returns the error of the context.
func (f *Frame) Err() error { return f.ctx.Err() }

// Begin returns an error if no further entry is allowed.
func (f *Frame) Begin() error { return f.CheckCount(f.Entry) }

// CheckCount is like [Frame.Begin] after n entries, some of which may not have been emitted.
func (f *Frame) CheckCount(n int) error {
	if n < f.Limits.Entries {
		return nil
	}
	limit := manifest.Limit{Name: manifest.LimitEntries, Value: int64(f.Limits.Entries)}
	return manifest.Exceeded(manifest.ReasonLimitExceeded, limit, "more than %d entries", f.Limits.Entries)
}

// Skip skips the next entry, which it counts but does not check, and reports true
// if the entry comes before the start position.
func (f *Frame) Skip() bool {
	before := f.Entry < f.Options.Start.Entry
	if before {
		f.Entry++
	}
	return before
}

// Device returns a device with the place of the next entry.
func (f *Frame) Device(line int, end int64) manifest.Device {
	return manifest.Device{Vendor: f.vendor, Manifest: f.Input.Name, Entry: f.Entry, Line: line, End: end}
}

// Emit yields the next entry: the device, or its rejection if err is not nil. who
// names the chip in the rejection and may be empty. Emit returns err if its reason
// concerns the whole manifest. The caller must return the error of Emit.
func (f *Frame) Emit(d manifest.Device, who string, err error) error {
	if f.issuers != nil {
		err = f.issuers.checkEntry(&d, err)
	}
	if err != nil {
		reason := cmp.Or(manifest.ReasonOf(err), manifest.ReasonMalformedEntry)
		switch reason {
		case manifest.ReasonPrivateKey, manifest.ReasonCorrupt, manifest.ReasonNotExpress:
			return f.fileError(d.Line, d.End, err)
		}
		rejected := &manifest.EntryError{
			Vendor: f.vendor, Manifest: f.Input.Name, Entry: f.Entry, Line: d.Line, End: d.End,
			Device: who, ID: d.ID, Reason: reason, Limit: manifest.LimitOf(err), Signer: d.Signer, Err: err,
		}
		if reason == manifest.ReasonBadName || reason == manifest.ReasonNoName {
			rejected.Namings = manifest.Namings(&d)
		}
		err = rejected
		d = manifest.Device{}
	}
	if f.Skip() {
		return f.ctx.Err()
	}
	f.Entry++
	if !f.yield(d, err) {
		return errLeft
	}
	return f.ctx.Err()
}

// A Held is an entry of a file in a container, which was decoded with a frame of its own.
type Held struct {
	// Member is the name of the file.
	Member string
	// Device is the zero value if Rejected is set.
	Device   manifest.Device
	Rejected *manifest.EntryError
}

// EmitHeld yields the entry as the next one. The caller must return its error.
func (f *Frame) EmitHeld(h *Held) error {
	if f.issuers != nil && h.Rejected == nil {
		if err := f.issuers.checkEntry(&h.Device, nil); err != nil {
			h.Rejected = &manifest.EntryError{
				Vendor: f.vendor, Line: h.Device.Line, ID: h.Device.ID, Reason: manifest.ReasonOf(err), Signer: h.Device.Signer, Err: err,
			}
			h.Device = manifest.Device{}
		}
	}
	if f.Skip() {
		return f.ctx.Err()
	}
	var err error
	if h.Rejected == nil {
		h.Device.Manifest, h.Device.Member, h.Device.Entry, h.Device.End = f.Input.Name, h.Member, f.Entry, 0
	} else {
		h.Rejected.Manifest, h.Rejected.Member, h.Rejected.Entry, h.Rejected.End = f.Input.Name, h.Member, f.Entry, 0
		err = h.Rejected
	}
	f.Entry++
	if !f.yield(h.Device, err) {
		return errLeft
	}
	return f.ctx.Err()
}

// broken returns the error that ends the stream. A private key after the break takes precedence.
func (f *Frame) broken(err error) error {
	reason := manifest.ReasonOf(err)
	switch {
	case errors.As(err, new(*manifest.FileError)) || interrupted(err):
		return err
	case reason == "":
		return fmt.Errorf("%s: %s: %w", f.vendor, f.Input.Name, err)
	case f.window == nil:
		return f.fileError(0, 0, err)
	}
	line, offset := f.window.Line(), f.window.Offset()
	if reason != manifest.ReasonPrivateKey {
		found, unfinished := f.window.holdsKey()
		switch {
		case unfinished != nil:
			// The search did not reach the end, so the fault is not certain.
			return unfinished
		case found: // somewhere after the break
			return f.fileError(0, 0, errKey)
		}
	} else if errors.Is(err, errKey) {
		line, offset = f.window.keyLine, f.window.keyOffset
	}
	return f.fileError(line, offset, err)
}

func (f *Frame) fileError(line int, offset int64, err error) error {
	return &manifest.FileError{
		Vendor: f.vendor, Manifest: f.Input.Name, Entry: f.Entry, Line: line, Offset: offset,
		Reason: manifest.ReasonOf(err), Limit: manifest.LimitOf(err), Err: err,
	}
}
