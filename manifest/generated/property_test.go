package generated

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// good returns a list of n devices, with base64 of PEM on each line.
func good(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := material.Generate(t.Context(), material.Options{Vendor: "generated", N: n, Seed: "generated tests", Out: &b}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shapes returns one list in all its usual forms.
func shapes(lines []byte) map[string][]byte {
	var der, blocks, wrapped strings.Builder
	for line := range strings.Lines(string(lines)) {
		text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		if err != nil {
			panic(err)
		}
		blocks.Write(text)
		body := strings.Split(strings.TrimSpace(string(text)), "\n")
		flat := strings.Join(body[1:len(body)-1], "")
		der.WriteString(flat + "\n")
		for ; len(flat) > 76; flat = flat[76:] {
			wrapped.WriteString(flat[:76] + "\n")
		}
		wrapped.WriteString(flat + "\n")
	}
	return map[string][]byte{
		"pem-base64": lines,
		"der-base64": []byte(der.String()),
		"blocks":     []byte(blocks.String()),
		"wrapped":    []byte(wrapped.String()),
		"crlf":       []byte(strings.ReplaceAll(der.String(), "\n", "\r\n")),
		"cr":         []byte(strings.ReplaceAll(blocks.String(), "\n", "\r")),
	}
}

func TestCutFileYieldsItsFirstDevicesAndAnError(t *testing.T) {
	t.Parallel()
	for name, data := range shapes(good(t, 4)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := decodertest.Collect(t, Decoder{}, decodertest.Input(data), manifest.Options{})
			if len(whole.Devices()) != 4 || whole.Final != nil {
				t.Fatalf("%d devices, %v", len(whole.Devices()), whole.Final)
			}
			complete := map[int]bool{}
			for _, e := range whole.Entries {
				end := int(e.End())
				for back := range 3 { // with the line end, with half of it, without it
					complete[end-back] = true
				}
				// Padding may be left out.
				for at := end; at > 0 && strings.ContainsRune("=\r\n", rune(data[at-1])); at-- {
					complete[at-1] = true
				}
			}
			rapid.Check(t, func(r *rapid.T) {
				cut := rapid.IntRange(0, len(data)).Draw(r, "cut")
				got := decodertest.Prefix(t, Decoder{}, data, cut, whole.Devices(), manifest.Options{})
				if bad := got.Final != nil || len(got.Devices()) < len(got.Entries); !bad && !complete[cut] {
					r.Fatalf("cut at byte %d of %d inside an entry: %d devices and no error", cut, len(data), len(got.Devices()))
				}
			})
		})
	}
}

func TestResumingAnywhereYieldsTheTail(t *testing.T) {
	t.Parallel()
	for name, data := range shapes(good(t, 9)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Other text between the entries, and one bad entry.
			data = bytes.Replace(data, []byte("\n"), []byte("\n\n# more\n\n"), 1)
			if at := bytes.LastIndex(data, []byte("MII")); at >= 0 {
				data[at] = '!'
			}
			in := decodertest.Input(data)
			whole := decodertest.Collect(t, Decoder{}, in, manifest.Options{})
			var all []int
			for i := range whole.Entries {
				all = append(all, i)
			}
			decodertest.Resume(t, Decoder{}, in, manifest.Options{}, whole, all...)
		})
	}
}

// The issuer after a leaf is part of its entry, even if reading resumes there.
func TestResumingAfterALeafSkipsItsIssuer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"g01-chain-blocks.txt", "g01-issuer-next-line.txt"} {
		data := vectorFile(t, name)
		in := decodertest.Input(data)
		whole := decodertest.Collect(t, Decoder{}, in, manifest.Options{})
		if len(whole.Devices()) != 2 || len(whole.Entries) != 2 {
			t.Fatalf("%s: %d of %d entries are devices", name, len(whole.Devices()), len(whole.Entries))
		}
		decodertest.Resume(t, Decoder{}, in, manifest.Options{}, whole, 0, 1)
	}
}

func TestWindowBordersCostNothing(t *testing.T) {
	t.Parallel()
	const n = 320 // more than one window
	for name, text := range shapes(good(t, n)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for size := 1; size < 1500; size += 61 {
				pad := strings.Repeat("#", size) + "\n"
				got := decodertest.Collect(t, Decoder{}, decodertest.Input(append([]byte(pad), text...)), manifest.Options{})
				if len(got.Devices()) != n || got.Final != nil {
					t.Fatalf("padded by %d: %d devices, %v", size, len(got.Devices()), got.Final)
				}
			}
		})
	}
}
