package microchip_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/microchip"
)

// An endless manifest repeats the same entries. It is generated while it is read.
type endless struct {
	entries []byte // with a comma after each
	copies  int64
}

func newEndless(reel *materialtest.Reel, copies int64) *endless {
	var entries []byte
	for i := range 16 {
		entries = append(append(entries, material.JSON(reel.Entry(reel.Chip(i)))...), ",\n"...)
	}
	return &endless{entries: entries, copies: copies}
}

const endlessEntries = 16 // of one copy

func (e *endless) input() manifest.Input {
	// The closing bracket replaces the last comma.
	return manifest.Input{Name: "endless.json", Reader: e, Size: 1 + e.copies*int64(len(e.entries)) - 1}
}

func (e *endless) ReadAt(p []byte, off int64) (int, error) {
	size := e.input().Size
	for i := range p {
		switch at := off + int64(i); {
		case at >= size:
			return i, io.EOF
		case at == 0:
			p[i] = '['
		case at == size-1:
			p[i] = ']'
		default:
			i += copy(p[i:], e.entries[(at-1)%int64(len(e.entries)):]) - 1
			return e.more(p, off, i+1)
		}
	}
	return len(p), nil
}

// more continues after the first n bytes of p.
func (e *endless) more(p []byte, off int64, n int) (int, error) {
	if end := e.input().Size - 1; off+int64(n) > end {
		n = int(end - off) // the bracket goes here
	}
	if n == len(p) {
		return n, nil
	}
	m, err := e.ReadAt(p[n:], off+int64(n))
	return n + m, err
}

// Not parallel, because it measures the heap of the whole process.
func TestMemoryDoesNotGrowWithTheManifest(t *testing.T) {
	reel, stranger := materialtest.NewReel("endless"), materialtest.NewReel("stranger")
	for _, test := range []struct {
		name   string
		signer *x509.Certificate
		copies int64
	}{
		{"devices", reel.Signer, 300},
		// Without verification a hundred thousand entries take the same paths in
		// the time of a test.
		{"rejected", stranger.Signer, 6_250},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := newEndless(reel, test.copies)
			opts := manifest.Options{Signers: []*x509.Certificate{test.signer}}
			runtime.GC()
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			before, peak, entries := stats.HeapAlloc, uint64(0), int64(0)
			for _, err := range (microchip.Decoder{}).Decode(context.Background(), source.input(), opts) {
				if bad := new(manifest.EntryError); err != nil && !errors.As(err, &bad) {
					t.Fatal(err)
				}
				if entries++; entries%500 == 0 {
					runtime.ReadMemStats(&stats)
					peak = max(peak, stats.HeapAlloc)
				}
			}
			if want := test.copies * endlessEntries; entries != want {
				t.Errorf("%d entries of %d", entries, want)
			}
			const limit = 64 << 20
			if peak > before+limit {
				t.Errorf("the heap grew by %d bytes, over %d bytes of manifest", peak-before, source.input().Size)
			}
			t.Logf("%d entries, %d MB of manifest, heap at most %d KiB above the start", entries, source.input().Size>>20,
				(max(peak, before)-before)>>10)
		})
	}
}

func TestWorkersEndWhenTheCallerLeaves(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("endless")
	source := newEndless(reel, 1000)
	opts := manifest.Options{Signers: []*x509.Certificate{reel.Signer}}
	// The bubble ends only after all goroutines started in it have ended.
	synctest.Test(t, func(t *testing.T) {
		for leave := range 40 {
			n := 0
			for _, err := range (microchip.Decoder{}).Decode(t.Context(), source.input(), opts) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n > leave {
					break
				}
			}
		}
	})
}

func TestWorkersEndWhenTheContextDoes(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("endless")
	source := newEndless(reel, 1000)
	opts := manifest.Options{Signers: []*x509.Certificate{reel.Signer}}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		n, last := 0, error(nil)
		for _, err := range (microchip.Decoder{}).Decode(ctx, source.input(), opts) {
			if last != nil {
				t.Fatalf("the stream continued after %v", last)
			}
			if last = err; n == 20 {
				cancel()
			}
			n++
		}
		if !errors.Is(last, context.Canceled) || n > 30 {
			t.Errorf("after %d elements: %v", n, last)
		}
		cancel()
	})
}

func TestNothingIsReadForAContextThatHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	reel := materialtest.NewReel("endless")
	for device, err := range (microchip.Decoder{}).Decode(ctx, newEndless(reel, 10).input(), manifest.Options{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s, %v", device.ID, err)
		}
	}
}

type brokenReader struct {
	*bytes.Reader
	from int64
}

var errDisk = errors.New("disk on fire")

func (r brokenReader) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > r.from {
		n, _ := r.Reader.ReadAt(p[:max(0, min(int64(len(p)), r.from-off))], off)
		return n, errDisk
	}
	return r.Reader.ReadAt(p, off)
}

// A disk error is not a fault of the manifest: the same command may succeed later.
func TestAReadErrorIsNotAFileError(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("disk")
	data := smallManifest(reel, 4)
	in := manifest.Input{Name: testName, Reader: brokenReader{bytes.NewReader(data), int64(len(data) / 2)}, Size: int64(len(data))}
	var last error
	entries := 0
	for _, err := range (microchip.Decoder{}).Decode(t.Context(), in, manifest.Options{Signers: []*x509.Certificate{reel.Signer}}) {
		if last = err; err == nil {
			entries++
		}
	}
	var file *manifest.FileError
	if !errors.Is(last, errDisk) || errors.As(last, &file) || entries != 2 {
		t.Errorf("%d entries, then %v", entries, last)
	}
}

// Skipping gigabytes of a manifest must be interruptible, too.
func TestPassingOverEntriesEndsWithTheContext(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("endless")
	ctx, cancel := context.WithCancel(t.Context())
	source := &cancelling{endless: newEndless(reel, 1_000_000), cancel: cancel}
	opts := manifest.Options{Start: manifest.Position{Entry: 15_000_000}}
	for device, err := range (microchip.Decoder{}).
		Decode(ctx, manifest.Input{Name: testName, Reader: source, Size: source.input().Size}, opts) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s, %v", device.ID, err)
		}
	}
	if source.reads > 20 {
		t.Errorf("%d reads", source.reads)
	}
}

// A cancelling reader ends the context on its tenth read.
type cancelling struct {
	*endless
	cancel context.CancelFunc
	reads  int
}

func (c *cancelling) ReadAt(p []byte, off int64) (int, error) {
	if c.reads++; c.reads == 10 {
		c.cancel()
	}
	return c.endless.ReadAt(p, off)
}
