// Package decodertest holds decoders to the contract of [manifest.Decoder], on
// any content. Tests and fuzz targets of all decoders use it.
package decodertest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/thingpress/thingpress/manifest"
)

// A Result is what a manifest decoded to.
type Result struct {
	Entries []Entry
	Final   error // nil if the manifest is complete
}

// An Entry is a device, or why it is none.
type Entry struct {
	Device manifest.Device
	Err    *manifest.EntryError
}

// End is the offset after the entry.
func (e Entry) End() int64 {
	if e.Err != nil {
		return e.Err.End
	}
	return e.Device.End
}

// String has everything that must be equal when an entry is decoded again.
func (e Entry) String() string {
	if e.Err != nil {
		return fmt.Sprintf("%s end %d id %s", e.Err, e.Err.End, e.Err.ID)
	}
	d := e.Device
	return fmt.Sprintf("entry %d line %d end %d id %s thing %s certificate %s %v %v", d.Entry, d.Line, d.End, d.ID, d.ThingName, d.CertificateID, d.Attributes, d.Warnings)
}

// Devices are the good entries.
func (r Result) Devices() []manifest.Device {
	var all []manifest.Device
	for _, e := range r.Entries {
		if e.Err == nil {
			all = append(all, e.Device)
		}
	}
	return all
}

// Input makes a manifest of bytes.
func Input(data []byte) manifest.Input {
	return manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))}
}

// Collect decodes everything and fails if the contract is broken: entries
// without gaps, errors that name their place and reason, nothing behind the end.
func Collect(t testing.TB, d manifest.Decoder, in manifest.Input, opts manifest.Options) Result {
	t.Helper()
	var got Result
	next := opts.Start.Entry
	for device, err := range d.Decode(t.Context(), in, opts) {
		if got.Final != nil {
			t.Fatalf("something follows the end %v: %v, %v", got.Final, device, err)
		}
		var bad *manifest.EntryError
		var file *manifest.FileError
		switch {
		case err == nil:
			checkDevice(t, d, device, next)
			got.Entries = append(got.Entries, Entry{Device: device})
			next++
		case errors.As(err, &bad):
			if bad.Entry != next || bad.Reason == "" || bad.Vendor != d.Vendor() || bad.Manifest != in.Name {
				t.Fatalf("entry %d: %q %+v", next, bad.Reason, bad)
			}
			if device.Certificate != nil || device.ID != "" {
				t.Fatalf("a device beside the error %v", err)
			}
			got.Entries = append(got.Entries, Entry{Err: bad})
			next++
		case errors.As(err, &file):
			if file.Reason == "" || file.Reason != manifest.ReasonPrivateKey && file.Entry != next {
				t.Fatalf("after %d entries: %q %+v", next, file.Reason, file)
			}
			got.Final = err
		default:
			t.Fatalf("an error that says nothing of the manifest: %v", err)
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

func checkDevice(t testing.TB, d manifest.Decoder, device manifest.Device, entry int) {
	t.Helper()
	if device.Entry != entry || device.Certificate == nil || device.ThingName == "" || device.CertificateID.IsZero() || device.Vendor != d.Vendor() {
		t.Fatalf("entry %d: %+v", entry, device)
	}
	if manifest.IsCA(device.Certificate) {
		t.Fatalf("entry %d is a CA", entry)
	}
}

// Resume decodes from behind each of some entries, with the line given and
// not, and compares with the tail of the whole.
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
				t.Fatalf("resumed behind entry %d at byte %d: %d entries, want %d; %v", entry, offset, len(got.Entries), len(whole.Entries)-entry-1, got.Final)
			}
			for i, e := range got.Entries {
				if want := whole.Entries[entry+1+i].String(); e.String() != want {
					t.Fatalf("resumed behind entry %d at byte %d:\n%s\nwant\n%s", entry, offset, e, want)
				}
			}
			if fmt.Sprint(got.Final) != fmt.Sprint(whole.Final) {
				t.Fatalf("resumed behind entry %d at byte %d ends with %v, want %v", entry, offset, got.Final, whole.Final)
			}
		}
	}
}

// Prefix compares the beginning of a manifest with the whole, which is good:
// the devices of the one are the first of the other.
func Prefix(t testing.TB, d manifest.Decoder, data []byte, cut int, whole []manifest.Device, opts manifest.Options) Result {
	t.Helper()
	got := Collect(t, d, Input(data[:cut]), opts)
	for i, device := range got.Devices() {
		if i >= len(whole) || device.CertificateID != whole[i].CertificateID || device.ThingName != whole[i].ThingName || device.ID != whole[i].ID {
			t.Fatalf("cut at byte %d: device %d is %s, which the whole does not have there", cut, i, device.ThingName)
		}
	}
	return got
}

// A Repeated is content of any size that takes no memory: one byte, again and
// again, behind a beginning.
type Repeated struct {
	Begin string
	Byte  byte
}

// ReadAt implements [io.ReaderAt]. It never ends; the size of the
// [manifest.Input] does.
func (r Repeated) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = r.Byte
	}
	if off < int64(len(r.Begin)) {
		copy(p, r.Begin[off:])
	}
	return len(p), nil
}
