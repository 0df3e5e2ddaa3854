// Package stream is the frame that all decoders share: it numbers entries,
// keeps limits, ends with the context, resumes, and gives errors their place. A
// decoder brings what is particular to its format.
package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
)

// errLeft ends a pass whose caller has left the iteration.
var errLeft = errors.New("the iteration was left")

// A Frame is one pass over one manifest. It is not safe for concurrent use.
type Frame struct {
	// Input ends with the context.
	Input   manifest.Input
	Options *manifest.Options
	// Limits are those of the options, with defaults.
	Limits manifest.Limits
	// Entry is the index of the next entry: how many came before it.
	Entry int

	ctx    context.Context //nolint:containedctx // a Frame lives as long as one call of Decode
	vendor string
	window *Window // nil if the manifest is not text
	yield  func(manifest.Device, error) bool
}

// Decode returns the entries that read hands to [Frame.Emit]. The error of read
// ends the stream: one with a [manifest.Reason] becomes a *[manifest.FileError]
// of the place that was reached, [io.EOF] and nil mean that the manifest is
// complete.
func Decode(
	ctx context.Context, vendor string, in manifest.Input, opts manifest.Options, read func(*Frame) error,
) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		in.Reader = interruptible{ctx, in.Reader}
		f := &Frame{Input: in, Options: &opts, Limits: opts.Limits.OrDefault(), ctx: ctx, vendor: vendor, yield: yield}
		err := read(f)
		if err == nil || errors.Is(err, io.EOF) {
			err = f.complete()
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(manifest.Device{}, f.broken(err))
		}
	}
}

// complete checks the number of entries of a manifest that was read to its end.
func (f *Frame) complete() error {
	switch {
	case f.Entry == 0:
		return manifest.Errorf(manifest.ReasonEmpty, "there are no entries in it")
	case f.Entry < f.Options.Start.Entry:
		return manifest.Errorf(manifest.ReasonChanged,
			"there are %d entries, and reading was to go on at entry %d", f.Entry, f.Options.Start.Entry)
	}
	return nil
}

// OpenText opens the manifest as text. lines is false for a format in which
// they mean nothing.
func (f *Frame) OpenText(lines bool) (w *Window, err error) {
	f.window, err = open(f.Input, f.Limits.EntryBytes, lines)
	return f.window, err
}

// Resume goes to the offset at which reading is to go on, if there is one.
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

// Err is the error of the context.
func (f *Frame) Err() error { return f.ctx.Err() }

// Begin returns an error if there may be no further entry.
func (f *Frame) Begin() error { return f.CheckCount(f.Entry) }

// CheckCount is [Frame.Begin] after n entries, if some of them are not emitted yet.
func (f *Frame) CheckCount(n int) error {
	if n < f.Limits.Entries {
		return nil
	}
	limit := manifest.Limit{Name: manifest.LimitEntries, Value: int64(f.Limits.Entries)}
	return manifest.Exceeded(manifest.ReasonLimitExceeded, limit, "more than %d entries", f.Limits.Entries)
}

// Skip counts the next entry without a judgement if it comes before the place
// at which reading is to go on.
func (f *Frame) Skip() bool {
	before := f.Entry < f.Options.Start.Entry
	if before {
		f.Entry++
	}
	return before
}

// Device returns what is known of the next entry by its place.
func (f *Frame) Device(line int, end int64) manifest.Device {
	return manifest.Device{Vendor: f.vendor, Manifest: f.Input.Name, Entry: f.Entry, Line: line, End: end}
}

// Emit yields the next entry: the device, or its rejection if err is not nil.
// who names the chip in the rejection and may be empty. A reason that concerns
// the whole manifest is returned instead. The caller must return the error.
func (f *Frame) Emit(d manifest.Device, who string, err error) error {
	if err != nil {
		reason := cmp.Or(manifest.ReasonOf(err), manifest.ReasonMalformedEntry)
		switch reason {
		case manifest.ReasonPrivateKey, manifest.ReasonCorrupt, manifest.ReasonNotExpress:
			return f.fileError(d.Line, d.End, err)
		}
		err = &manifest.EntryError{
			Vendor: f.vendor, Manifest: f.Input.Name, Entry: f.Entry, Line: d.Line, End: d.End,
			Device: who, ID: d.ID, Reason: reason, Limit: manifest.LimitOf(err), Err: err,
		}
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

// broken is the error that ends the stream. A private key that follows the
// place of a break is the graver fault.
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
			// Without the search to its end nobody knows which fault it is.
			return unfinished
		case found:
			err = errKey
		}
	}
	return f.fileError(line, offset, err)
}

func (f *Frame) fileError(line int, offset int64, err error) error {
	return &manifest.FileError{
		Vendor: f.vendor, Manifest: f.Input.Name, Entry: f.Entry, Line: line, Offset: offset,
		Reason: manifest.ReasonOf(err), Limit: manifest.LimitOf(err), Err: err,
	}
}
