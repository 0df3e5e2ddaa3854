// Package decodertest checks that decoders fulfil the contract of
// [manifest.Decoder] for any content. Tests and fuzz targets of all decoders use
// it.
package decodertest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/thingpress/thingpress/manifest"
)

// A Result is a decoded manifest.
type Result struct {
	Entries []Entry
	Final   error // nil if the manifest is complete
}

// An Entry is a device, or the error of a rejected entry.
type Entry struct {
	Device manifest.Device
	Err    *manifest.EntryError
}

// End returns the offset after the entry.
func (e Entry) End() int64 {
	if e.Err != nil {
		return e.Err.End
	}
	return e.Device.End
}

// String returns everything that must be equal if an entry is decoded again.
func (e Entry) String() string {
	if e.Err != nil {
		return fmt.Sprintf("%s end %d id %s", e.Err, e.Err.End, e.Err.ID)
	}
	d := e.Device
	return fmt.Sprintf("entry %d line %d end %d id %s thing %s certificate %s %v %v", d.Entry, d.Line, d.End, d.ID, d.ThingName,
		d.CertificateID, d.Attributes, d.Warnings)
}

// Devices returns the good entries.
func (r Result) Devices() []manifest.Device {
	var all []manifest.Device
	for _, e := range r.Entries {
		if e.Err == nil {
			all = append(all, e.Device)
		}
	}
	return all
}

// Input returns a manifest with the given content.
func Input(data []byte) manifest.Input {
	return manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))}
}

// Collect decodes everything and fails if the contract is broken: entries must be
// numbered without gaps, errors must have place and reason, and nothing may follow
// the end.
func Collect(t testing.TB, d manifest.Decoder, in manifest.Input, opts manifest.Options) Result {
	t.Helper()
	var got Result
	next := opts.Start.Entry
	for device, err := range d.Decode(t.Context(), in, opts) {
		if got.Final != nil {
			t.Fatalf("the stream continues after the end %v: %v, %v", got.Final, device, err)
		}
		var bad *manifest.EntryError
		var file *manifest.FileError
		switch {
		case err == nil:
			checkDevice(t, d, device, next, opts.AllowCA)
			got.Entries = append(got.Entries, Entry{Device: device})
			next++
		case errors.As(err, &bad):
			if bad.Entry != next || bad.Reason == "" || bad.Vendor != d.Vendor() || bad.Manifest != in.Name {
				t.Fatalf("entry %d: %q %+v", next, bad.Reason, bad)
			}
			if device.Certificate != nil || device.ID != "" {
				t.Fatalf("a device together with the error %v", err)
			}
			got.Entries = append(got.Entries, Entry{Err: bad})
			next++
		case errors.As(err, &file):
			if file.Reason == "" || file.Reason != manifest.ReasonPrivateKey && file.Entry != next {
				t.Fatalf("after %d entries: %q %+v", next, file.Reason, file)
			}
			got.Final = err
		default:
			t.Fatalf("an error without the name of the manifest: %v", err)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Fatalf("a message of %d bytes", len(err.Error()))
		}
	}
	if got.Final == nil && next == 0 {
		t.Fatal("a manifest without entries ends without an error")
	}
	return got
}

func checkDevice(t testing.TB, d manifest.Decoder, device manifest.Device, entry int, allowCA bool) {
	t.Helper()
	if device.Entry != entry || device.Certificate == nil || device.ThingName == "" || device.CertificateID.IsZero() ||
		device.Vendor != d.Vendor() {
		t.Fatalf("entry %d: %+v", entry, device)
	}
	if manifest.IsCA(device.Certificate) && !allowCA {
		t.Fatalf("entry %d is a CA", entry)
	}
}

// Resume decodes again from the end of some entries, with and without the line,
// and compares the results with the rest of whole.
func Resume(t testing.TB, d manifest.Decoder, in manifest.Input, opts manifest.Options, whole Result, entries ...int) {
	t.Helper()
	for _, entry := range entries {
		for _, offset := range []int64{0, whole.Entries[entry].End()} {
			opts.Start = manifest.Position{Entry: entry + 1, Offset: offset}
			got := Collect(t, d, in, opts)
			if manifest.ReasonOf(whole.Final) == manifest.ReasonPrivateKey {
				continue
			}
			if len(got.Entries) != len(whole.Entries)-entry-1 {
				t.Fatalf("resumed after entry %d at byte %d: %d entries, want %d; %v", entry, offset, len(got.Entries), len(whole.Entries)-entry-1,
					got.Final)
			}
			for i, e := range got.Entries {
				if want := whole.Entries[entry+1+i].String(); e.String() != want {
					t.Fatalf("resumed after entry %d at byte %d:\n%s\nwant\n%s", entry, offset, e, want)
				}
			}
			if fmt.Sprint(got.Final) != fmt.Sprint(whole.Final) {
				t.Fatalf("resumed after entry %d at byte %d ends with %v, want %v", entry, offset, got.Final, whole.Final)
			}
		}
	}
}

// Prefix decodes a truncated manifest, whose devices must be the first devices of the whole.
func Prefix(t testing.TB, d manifest.Decoder, data []byte, cut int, whole []manifest.Device, opts manifest.Options) Result {
	t.Helper()
	got := Collect(t, d, Input(data[:cut]), opts)
	for i, device := range got.Devices() {
		if i >= len(whole) || device.CertificateID != whole[i].CertificateID || device.ThingName != whole[i].ThingName ||
			device.ID != whole[i].ID {
			t.Fatalf("cut at byte %d: device %d is %s, which the whole does not have there", cut, i, device.ThingName)
		}
	}
	return got
}

// A Repeated is content of any size that takes no memory: a beginning, followed by
// one repeated byte.
type Repeated struct {
	Begin string
	Byte  byte
}

// ReadAt implements [io.ReaderAt]. It never returns io.EOF; the size of the
// [manifest.Input] ends the content.
func (r Repeated) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = r.Byte
	}
	if off < int64(len(r.Begin)) {
		copy(p, r.Begin[off:])
	}
	return len(p), nil
}
