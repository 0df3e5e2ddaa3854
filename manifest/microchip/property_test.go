package microchip_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

// smallManifest returns entries of one key each, small enough to try every bit.
func smallManifest(reel *materialtest.Reel, entries int) []byte {
	objects := make([]material.Object, entries)
	for i := range objects {
		chip := reel.Chip(i)
		key := material.JWK("0", &chip.Key.PublicKey).And("x5c", materialtest.X5C(chip.Leaf, reel.Issuer))
		objects[i] = reel.Sign(chip.UniqueID, reel.PayloadOf(chip.UniqueID, key))
	}
	return materialtest.Array(objects...)
}

// signedValues returns the spans of payload, protected and signature in an entry
// of materialtest.Array.
func signedValues(data []byte, entry int) [][2]int {
	var spans [][2]int
	for _, name := range []string{"payload", "protected", "signature"} {
		at := 0
		mark := []byte(`"` + name + `": "`)
		for range entry + 1 {
			at += bytes.Index(data[at:], mark) + len(mark)
		}
		spans = append(spans, [2]int{at, at + bytes.IndexByte(data[at:], '"')})
	}
	return spans
}

func TestAnyBitFlippedInSignedValuesCostsExactlyThatEntry(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("flips")
	data := smallManifest(reel, 3)
	opts := manifest.Options{Signers: []*x509.Certificate{reel.Signer}}
	want := collect(t, data, opts).devices()
	// One bit of each byte of the long payload is enough; the next byte uses another bit.
	const entry = 1
	for n, span := range signedValues(data, entry) {
		for at := span[0]; at < span[1]; at++ {
			for bit := range 8 {
				if n == 0 && (at+bit)%8 != 0 && at < span[1]-4 && at > span[0]+4 {
					continue
				}
				c := bytes.Clone(data)
				c[at] ^= 1 << bit
				got := collect(t, c, opts)
				ids := got.devices()
				if got.final != nil || len(ids) != 3 || ids[entry] != "" || ids[0] != want[0] || ids[2] != want[2] {
					t.Fatalf("byte %d, bit %d (%q to %q): %q, then %v", at, bit, data[at], c[at], ids, got.final)
				}
			}
		}
	}
}

func TestNoFlippedBitEverAltersADevice(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("flips")
	data := smallManifest(reel, 3)
	opts := manifest.Options{Signers: []*x509.Certificate{reel.Signer}}
	want := collect(t, data, opts).devices()
	signed := signedValues(data, 0)
	for entry := 1; entry < 3; entry++ {
		signed = append(signed, signedValues(data, entry)...)
	}
	for at := range data {
		if slices.ContainsFunc(signed, func(s [2]int) bool { return s[0] <= at && at < s[1] }) {
			continue
		}
		for bit := range 8 {
			c := bytes.Clone(data)
			c[at] ^= 1 << bit
			for i, id := range collect(t, c, opts).devices() {
				if id != "" && !slices.Contains(want, id) {
					t.Fatalf("byte %d, bit %d: entry %d became %s", at, bit, i, id)
				}
			}
		}
	}
}

func TestAPrefixGivesAPrefixOfTheDevicesAndThenAnError(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("prefix")
	data := smallManifest(reel, 4)
	opts := manifest.Options{Signers: []*x509.Certificate{reel.Signer}}
	want := collect(t, data, opts)
	rapid.Check(t, func(t *rapid.T) {
		cut := rapid.IntRange(0, len(data)-1).Draw(t, "cut")
		got := collectRapid(t, data[:cut], opts)
		complete := 0
		for _, e := range want.entries {
			if e.device.End <= int64(cut) {
				complete++
			}
		}
		if !slices.Equal(got.devices(), want.devices()[:complete]) {
			t.Fatalf("cut at %d: %q", cut, got.devices())
		}
		var final *manifest.FileError
		if !errors.As(got.final, &final) || final.Reason != manifest.ReasonTruncated && final.Reason != manifest.ReasonEmpty {
			t.Fatalf("cut at %d: ended by %v", cut, got.final)
		}
	})
}

func TestResumingAfterAnyEntryYieldsTheRest(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("resume")
	array := smallManifest(reel, 3)
	broken := bytes.Replace(array, []byte(reel.Chip(1).UniqueID), []byte(reel.Chip(2).UniqueID), 1) // entry 1 is rejected
	opts := manifest.Options{Signers: []*x509.Certificate{reel.Signer}}
	for name, data := range map[string][]byte{
		"array":      array,
		"rejected":   broken,
		"compact":    material.JSON([]material.Object{reel.Entry(reel.Chip(0)), reel.Entry(reel.Chip(1))}),
		"bom":        append([]byte("\xef\xbb\xbf"), array...),
		"crlf":       bytes.ReplaceAll(array, []byte("\n"), []byte("\r\n")),
		"single":     material.JSON(reel.Entry(reel.Chip(0))),
		"trailing":   append(bytes.Clone(array), "x"...),
		"truncated":  array[:len(array)-10],
		"brokenlate": append(bytes.Clone(array[:len(array)-1]), ",!]"...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := collect(t, data, opts)
			for i, e := range all.entries {
				end := e.device.End
				if e.err != nil {
					end = e.err.End
				}
				for _, offset := range []int64{end, 0} {
					o := opts
					o.Start = manifest.Position{Entry: i + 1, Offset: offset}
					rest := collect(t, data, o)
					if !slices.Equal(rest.devices(), all.devices()[i+1:]) || message(rest.final) != message(all.final) {
						t.Errorf("resumed at entry %d, byte %d: %q, then %v; want %v", i+1, offset, rest.devices(), rest.final, all.final)
					}
				}
			}
		})
	}
}

func TestResumingInsideAnEntryIsAnError(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("resume")
	data := smallManifest(reel, 2)
	opts := manifest.Options{Signers: []*x509.Certificate{reel.Signer}}
	for _, start := range []manifest.Position{
		{Entry: 1, Offset: 100}, {Entry: 1, Offset: int64(len(data)) + 1}, {Entry: 1, Offset: -1}, {Entry: 7},
	} {
		opts.Start = start
		got := collect(t, data, opts)
		if len(got.entries) != 0 || manifest.ReasonOf(got.final) == "" {
			t.Errorf("%+v: %d entries, then %v", start, len(got.entries), got.final)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimSpace(err.Error())
}

func collectRapid(t *rapid.T, data []byte, opts manifest.Options) collected {
	var all collected
	for device, err := range decodeBytes(data, opts) {
		var bad *manifest.EntryError
		switch {
		case errors.As(err, &bad):
			all.entries = append(all.entries, collectedEntry{err: bad})
		case err != nil:
			all.final = err
		default:
			all.entries = append(all.entries, collectedEntry{device: device})
		}
	}
	t.Logf("%d entries", len(all.entries))
	return all
}
