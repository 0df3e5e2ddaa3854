// Package sevenz writes 7z archives as 7-Zip does by default: one solid LZMA2
// block and a compressed header, optionally encrypted with AES-256.
//
// The format is that of 7zFormat.txt in the LZMA SDK (Igor Pavlov, public
// domain). A [Writer] streams content; only the header grows with the number of
// files, by about 80 bytes per file. A [Header] can describe an archive that does
// not exist, for tests of readers.
package sevenz

import (
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"github.com/ulikunitz/xz/lzma"
)

const (
	// dictionary16MiB is LZMA2's property byte for 16 MiB, the default of 7-Zip
	// and the value in Infineon's archives.
	dictionary16MiB = 24
	// window is how far back the compressor looks. It may be less than the
	// dictionary that the archive declares. Infineon's files have about a kilobyte
	// and resemble their predecessors: looking further back makes the archive no
	// smaller and takes up to four times as long. window must hold the largest
	// chunk that the compressor gives up on and stores.
	window = 1 << 17
	// startSize is the length of [Start].
	startSize = 32
)

// Options configure how an archive is packed.
type Options struct {
	// Stored stores content uncompressed, still as LZMA2, for data that is already packed.
	Stored bool
	// Password, if set, encrypts the content, but not the names.
	Password string
	// IV is the initialization vector of the encryption.
	IV [16]byte
}

// A Writer writes one archive. [Writer.Create] must be called before [Writer.Write].
type Writer struct {
	out    io.WriteSeeker
	files  []File
	packer *packer
	failed error
}

// NewWriter returns a writer for an archive that begins at the current position of w.
func NewWriter(w io.WriteSeeker, o Options) (*Writer, error) {
	// The actual start is written at the end.
	if _, err := w.Write(make([]byte, startSize)); err != nil {
		return nil, err
	}
	p, err := newPacker(w, o)
	return &Writer{out: w, packer: p}, err
}

// Create adds a file. Its content is everything written until the next call of
// Create, Add or Close.
func (w *Writer) Create(name string, modified time.Time) error {
	w.files = append(w.files, File{Name: name, Modified: modified})
	return w.failed
}

// Write appends to the content of the file that was created last.
func (w *Writer) Write(p []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	n, err := w.packer.Write(p)
	file := &w.files[len(w.files)-1]
	file.Size += uint64(n)
	file.CRC = crc32.Update(file.CRC, crc32.IEEETable, p[:n])
	w.failed = err
	return n, err
}

// Add adds a file with all its content.
func (w *Writer) Add(name string, modified time.Time, content []byte) error {
	if err := w.Create(name, modified); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// Close writes the header. It does not close the underlying writer.
func (w *Writer) Close() error {
	if w.failed != nil {
		return w.failed
	}
	w.failed = errors.New("sevenz: the archive is closed")
	var size uint64
	for _, f := range w.files {
		size += f.Size
	}
	content, err := w.packer.finish(0, size)
	if err != nil {
		return err
	}
	header := (&Header{Block: content, Files: w.files}).Bytes()

	// The header is packed into a separate block, which a short header describes.
	packer, err := newPacker(w.out, Options{})
	if err != nil {
		return err
	}
	if _, err := packer.Write(header); err != nil {
		return err
	}
	packed, err := packer.finish(content.Packed, uint64(len(header)))
	if err != nil {
		return err
	}
	short := Encoded(packed, header)
	if _, err := w.out.Write(short); err != nil {
		return err
	}
	return w.writeStart(content.Packed+packed.Packed, short)
}

// writeStart goes back to the beginning and writes the location of the header.
func (w *Writer) writeStart(packed uint64, header []byte) error {
	length := startSize + int64(packed) + int64(len(header))
	if _, err := w.out.Seek(-length, io.SeekCurrent); err != nil {
		return err
	}
	if _, err := w.out.Write(Start(packed, header)); err != nil {
		return err
	}
	_, err := w.out.Seek(length-startSize, io.SeekCurrent)
	return err
}

// A packer packs one block: LZMA2, and optionally AES around it.
type packer struct {
	io.WriteCloser             // for LZMA2
	encryption     *encryption // nil if not encrypted
	packed         *counter
}

func newPacker(w io.Writer, o Options) (p *packer, err error) {
	p = &packer{packed: &counter{w: w}}
	var compressed io.Writer = p.packed
	if o.Password != "" {
		p.encryption = newEncryption(p.packed, o.Password, o.IV)
		compressed = p.encryption
	}
	if o.Stored {
		p.WriteCloser = &storedWriter{w: compressed}
	} else {
		p.WriteCloser, err = lzma.Writer2Config{DictCap: window}.NewWriter2(compressed)
	}
	return p, err
}

// finish ends the block of size unpacked bytes at a position, and returns its description.
func (p *packer) finish(position, size uint64) (Block, error) {
	if err := p.Close(); err != nil {
		return Block{}, err
	}
	b := Block{Position: position, Coders: append([]byte{1}, LZMA2(dictionary16MiB)...), Sizes: []uint64{size}}
	if e := p.encryption; e != nil {
		b.Sizes = []uint64{e.plain, size}
		b.Coders = slices.Concat([]byte{2}, e.coder(), b.Coders[1:], []byte{1, 0}) // coder 1 reads the output of coder 0
		if err := e.Close(); err != nil {
			return Block{}, err
		}
	}
	b.Packed = p.packed.n
	return b, nil
}

type counter struct {
	w io.Writer
	n uint64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += uint64(n)
	return n, err
}
