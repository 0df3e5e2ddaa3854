package espressif

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// good returns a manifest of n devices.
func good(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := material.Generate(t.Context(), material.Options{Vendor: "espressif", N: n, Seed: "espressif tests", Out: &b}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A truncated file must not pass for a complete one, unless no format without a
// count or checksum could tell.
func TestCutFileYieldsItsFirstDevicesAndAnError(t *testing.T) {
	t.Parallel()
	for name, data := range dialects(good(t, 4)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := decodertest.Collect(t, Decoder{}, decodertest.Input(data), manifest.Options{})
			if len(whole.Devices()) != 4 || whole.Final != nil {
				t.Fatalf("%d devices, %v", len(whole.Devices()), whole.Final)
			}
			recordEnd := map[int]bool{len(data): true}
			for _, e := range whole.Entries {
				end := int(e.End())
				for back := range 3 { // with the line end, with half of it, without it
					recordEnd[end-back] = true
				}
			}
			rapid.Check(t, func(r *rapid.T) {
				cut := rapid.IntRange(0, len(data)).Draw(r, "cut")
				got := decodertest.Prefix(t, Decoder{}, data, cut, whole.Devices(), manifest.Options{})
				if bad := got.Final != nil || len(got.Devices()) < len(got.Entries); !bad && !recordEnd[cut] {
					r.Fatalf("cut at byte %d of %d inside a record: %d devices and no error", cut, len(data), len(got.Devices()))
				}
			})
		})
	}
}

// dialects returns one manifest as different programs save it.
func dialects(data []byte) map[string][]byte {
	text := string(data) + "\r\n"
	escaped := strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\x00"), "\n", `\n`)
	return map[string][]byte{
		"crlf":      data,
		"lf":        []byte(strings.ReplaceAll(text, "\r\n", "\n")),
		"cr":        []byte(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\r"), "\n", "\r")),
		"mark":      []byte("\ufeff" + text),
		"semicolon": []byte(strings.ReplaceAll(text, ",", ";")),
		"escaped":   []byte(strings.ReplaceAll(escaped, "\x00", "\r\n")),
	}
}

func TestResumingAnywhereYieldsTheTail(t *testing.T) {
	t.Parallel()
	text := string(good(t, 12))
	// A comment, a blank line, and rejected entries between the good ones.
	records := strings.SplitAfter(text, "\r\n")
	records[3] += "# \"half\r\n\r\n"
	records[5] = "x,y\r\n"
	records[8] = strings.Replace(records[8], "MII", "!!!", 1)
	for name, data := range dialects([]byte(strings.Join(records, ""))) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := decodertest.Input(data)
			whole := decodertest.Collect(t, Decoder{}, in, manifest.Options{})
			if len(whole.Entries) != 12 || len(whole.Devices()) != 10 {
				t.Fatalf("%d entries, %d devices; %v", len(whole.Entries), len(whole.Devices()), whole.Final)
			}
			decodertest.Resume(t, Decoder{}, in, manifest.Options{}, whole, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
		})
	}
}

func TestResumingAfterTheEndReportsAChangedFile(t *testing.T) {
	t.Parallel()
	in := decodertest.Input(good(t, 3))
	for _, start := range []manifest.Position{{Entry: 4}, {Entry: 1, Offset: 1 << 40}} {
		var last error
		for _, err := range (Decoder{}).Decode(t.Context(), in, manifest.Options{Start: start}) {
			last = err
		}
		if manifest.ReasonOf(last) != manifest.ReasonChanged {
			t.Errorf("%+v: %v", start, last)
		}
	}
}

// The window may end anywhere in a record.
func TestWindowBordersCostNothing(t *testing.T) {
	t.Parallel()
	const n = 320 // more than one window
	text := good(t, n)
	for size := 1; size < 1500; size += 61 {
		pad := strings.Repeat("#", size) + "\n"
		got := decodertest.Collect(t, Decoder{}, decodertest.Input(append([]byte(pad), text...)), manifest.Options{})
		if len(got.Devices()) != n || got.Final != nil {
			t.Fatalf("padded by %d: %d devices, %v", size, len(got.Devices()), got.Final)
		}
	}
}
