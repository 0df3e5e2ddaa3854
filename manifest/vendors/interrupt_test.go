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

// An endless reader has a beginning, and then blanks; it ends the context when
// it is read behind limit, and fails the test where reading goes on after that.
type endless struct {
	t      *testing.T
	begin  []byte
	limit  int64
	cancel context.CancelFunc
}

func (e *endless) ReadAt(p []byte, off int64) (int, error) {
	if off > e.limit+(64<<20) {
		e.t.Error("the manifest is read on after the context has ended")
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

// A break in a manifest of gigabytes starts a search for private keys behind
// it, which an interruption must end, and which then has no verdict.
func TestInterruptionEndsTheSearchBehindABreak(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ vendor, begin string }{
		{"espressif", "MAC,cn,cert\n" + strings.Repeat("\x00", 10) + "\n"},
		{"generated", "-----BEGIN CERTIFICATE-----\n" + strings.Repeat("A", 2<<20)},
		{"microchip", "[ 17,"},
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
