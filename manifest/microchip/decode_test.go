package microchip_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"iter"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/microchip"
)

// collected is everything decoded from a manifest.
type collected struct {
	entries []collectedEntry
	final   error
}

type collectedEntry struct {
	device manifest.Device
	err    *manifest.EntryError
}

const testName = "test.json"

func decodeBytes(data []byte, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	in := manifest.Input{Name: testName, Reader: bytes.NewReader(data), Size: int64(len(data))}
	return microchip.Decoder{}.Decode(context.Background(), in, opts)
}

// collect decodes data and checks the contract of the stream: entries are numbered
// without gaps, and nothing follows an error that is not an *EntryError.
func collect(t testing.TB, data []byte, opts manifest.Options) collected {
	t.Helper()
	var all collected
	for device, err := range decodeBytes(data, opts) {
		if all.final != nil {
			t.Fatalf("the stream continued after %v", all.final)
		}
		var bad *manifest.EntryError
		index, want := device.Entry, opts.Start.Entry+len(all.entries)
		switch {
		case errors.As(err, &bad):
			index = bad.Entry
			all.entries = append(all.entries, collectedEntry{err: bad})
			if bad.Reason == "" || bad.Vendor != "microchip" || bad.Manifest != testName {
				t.Fatalf("incomplete error: %#v", bad)
			}
		case err != nil:
			all.final = err
			continue
		default:
			all.entries = append(all.entries, collectedEntry{device: device})
		}
		if index != want {
			t.Fatalf("got entry %d, want entry %d", index, want)
		}
	}
	return all
}

// devices returns the IDs of the devices, with "" for rejected entries.
func (c collected) devices() []string {
	ids := make([]string, len(c.entries))
	for i, e := range c.entries {
		if e.err == nil {
			ids[i] = e.device.ID + " " + e.device.ThingName + " " + e.device.CertificateID.String()
		}
	}
	return ids
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}
