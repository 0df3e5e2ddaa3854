package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// blockSize is the unit in which content is compared with its digest.
const blockSize = 1 << 20

// blockDigest is half of a SHA-256. That is enough against accident and attack
// alike: an attacker who can change a file cannot choose the digests of both versions.
type blockDigest [sha256.Size / 2]byte

// A Source is a manifest that is read several times and must not change in between.
type Source struct {
	// Input checks what it reads: a block that changed since the source was
	// opened fails with a *[manifest.FileError] of [manifest.ReasonChanged].
	Input manifest.Input
	// Decoder is of the manifest's vendor.
	Decoder manifest.Decoder
	// SHA256 of the whole content, lower-case hex.
	SHA256 string

	blocks *blocks
}

// OpenSource reads the content of in once, in order, and keeps its SHA-256 and
// a digest of every mebibyte, with which later reads are compared.
func OpenSource(ctx context.Context, in manifest.Input, decoder manifest.Decoder) (*Source, error) {
	b := &blocks{name: in.Name, vendor: decoder.Vendor(), from: in.Reader, size: in.Size}
	whole := sha256.New()
	buffer := make([]byte, blockSize)
	for off := int64(0); off < in.Size; off += blockSize {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		block := buffer[:min(blockSize, in.Size-off)]
		n, err := in.Reader.ReadAt(block, off)
		if n < len(block) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("%s: read: %w", in.Name, err)
		}
		whole.Write(block) // a hash never fails
		b.digests = append(b.digests, digestOf(block))
	}
	return &Source{
		Input:   manifest.Input{Name: in.Name, Reader: b, Size: in.Size},
		Decoder: decoder,
		SHA256:  hex.EncodeToString(whole.Sum(nil)),
		blocks:  b,
	}, nil
}

// Manifest describes the source to a ledger; the number of entries is known
// after [Scan].
func (s *Source) Manifest(entries int) ledger.Manifest {
	return ledger.Manifest{
		Name: s.Input.Name, SHA256: s.SHA256, Size: s.Input.Size,
		Vendor: s.Decoder.Vendor(), Entries: entries,
	}
}

func digestOf(block []byte) (d blockDigest) {
	sum := sha256.Sum256(block)
	copy(d[:], sum[:])
	return d
}

// blocks reads content in blocks and compares each with its digest.
type blocks struct {
	name, vendor string
	from         io.ReaderAt
	size         int64
	digests      []blockDigest

	mu      sync.Mutex
	cached  [2]cachedBlock // an archive is read in two places alternately
	turn    int
	changed error // the first difference; it stays
}

type cachedBlock struct {
	number int64 // from 1; 0 is none
	bytes  []byte
}

// ReadAt implements [io.ReaderAt].
func (b *blocks) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("%s: read at %d", b.name, off)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	done := 0
	for done < len(p) {
		if off >= b.size {
			return done, io.EOF
		}
		block, err := b.block(off / blockSize)
		if err != nil {
			return done, err
		}
		n := copy(p[done:], block[off%blockSize:])
		done, off = done+n, off+int64(n)
	}
	return done, nil
}

func (b *blocks) block(i int64) ([]byte, error) {
	for _, c := range b.cached {
		if c.number == i+1 {
			return c.bytes, nil
		}
	}
	if b.changed != nil {
		return nil, b.changed
	}
	b.turn = (b.turn + 1) % len(b.cached)
	slot := &b.cached[b.turn]
	slot.number = 0
	if slot.bytes == nil {
		slot.bytes = make([]byte, min(blockSize, b.size))
	}
	slot.bytes = slot.bytes[:min(blockSize, b.size-i*blockSize)]
	n, err := b.from.ReadAt(slot.bytes, i*blockSize)
	if n < len(slot.bytes) && err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: read: %w", b.name, err)
	}
	if n < len(slot.bytes) || digestOf(slot.bytes) != b.digests[i] {
		b.changed = &manifest.FileError{
			Vendor: b.vendor, Manifest: b.name, Offset: i * blockSize, Reason: manifest.ReasonChanged,
			Err: errors.New("the content changed after it was first read"),
		}
		return nil, b.changed
	}
	slot.number = i + 1
	return slot.bytes, nil
}

// difference returns the first difference that was read. The decoder may have
// turned it into an error of its own.
func (b *blocks) difference() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// drop releases the blocks that are kept in memory.
func (b *blocks) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cached = [2]cachedBlock{}
}
