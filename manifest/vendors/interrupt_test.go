package vendors_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// An endless reader has a beginning, followed by blanks. It ends the context when
// it is read beyond limit, and fails the test if reading continues after that.
type endless struct {
	t      *testing.T
	begin  []byte
	limit  int64
	cancel context.CancelFunc
}

func (e *endless) ReadAt(p []byte, off int64) (int, error) {
	if off > e.limit+(64<<20) {
		e.t.Error("reading continues after the context has ended")
		return 0, io.EOF
	}
	if off > e.limit {
		e.cancel()
	}
	for i := range p {
		p[i] = ' '
	}
	if off < int64(len(e.begin)) {
		copy(p, e.begin[off:])
	}
	return len(p), nil
}

// A break in a manifest of gigabytes starts a search for private keys in the rest.
// An interruption must end the search, which then has no result.
func TestInterruptionEndsTheSearchAfterABreak(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ vendor, begin string }{
		{"espressif", "MAC,cn,cert\n" + strings.Repeat("\x00", 10) + "\n"},
		{"generated", "-----BEGIN CERTIFICATE-----\n" + strings.Repeat("A", 2<<20)},
		{"microchip", "[ 17,"},
		{"nxp", "[ 17 17"},
		{"pem-json", "[ 17 17"},
		{"tpm-xml", "<a><group></a>"},
	} {
		t.Run(test.vendor, func(t *testing.T) {
			t.Parallel()
			decoder, err := vendors.Lookup(test.vendor)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			in := manifest.Input{
				Name: "long", Size: 1 << 40,
				Reader: &endless{t: t, begin: bytes.Clone([]byte(test.begin)), limit: 16 << 20, cancel: cancel},
			}
			var last error
			for _, last = range decoder.Decode(ctx, in, manifest.Options{}) {
			}
			var broken *manifest.FileError
			if !errors.Is(last, context.Canceled) || errors.As(last, &broken) {
				t.Errorf("interrupted while it searched: %v, not the context's error alone", last)
			}
		})
	}
}
