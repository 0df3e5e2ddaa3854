// Package sevenz writes 7z archives as 7-Zip does by default: one solid LZMA2
// block and a compressed header, optionally encrypted with AES-256.
//
// The format is that of 7zFormat.txt in the LZMA SDK (Igor Pavlov, public
// domain). Content is streamed; what grows with the number of files is the
// header, some 80 bytes for each.
package sevenz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"time"

	"github.com/ulikunitz/xz/lzma"
)

const (
	// dictionaryProp says 16 MiB in LZMA2's property byte, as 7-Zip has it
	// by default and Infineon's archives do.
	dictionaryProp = 24
	// window is how far back the compressor looks. It may be less than what
	// the archive says. A file of Infineon's is a kilobyte long and
	// resembles the one before as much as any: looking further back makes
	// the archive no smaller, and takes up to four times as long. It must
	// hold the largest chunk that the compressor gives up on and stores.
	window = 1 << 17
)

// Options say how an archive is packed.
type Options struct {
	// Stored keeps content as it is, still as LZMA2: for what is packed already.
	Stored bool
	// Password, if there is one, encrypts the content, though not the names.
	Password string
	// IV is what the encryption starts from.
	IV [16]byte
}

const signatureHeaderSize = 32

// A Writer writes one archive.
type Writer struct {
	out        io.WriteSeeker
	encryption *encryption // nil for none

	files  []file
	block  *block
	failed error
}

type file struct {
	name     string
	modified time.Time
	size     uint64
	crc      uint32
}

// NewWriter returns a writer of an archive that begins where w stands.
func NewWriter(w io.WriteSeeker, o Options) (*Writer, error) {
	// The real one is written at the end.
	if _, err := w.Write(make([]byte, signatureHeaderSize)); err != nil {
		return nil, err
	}
	a := &Writer{out: w}
	if o.Password != "" {
		a.encryption = newEncryption(o.Password, o.IV)
	}
	var err error
	a.block, err = newBlock(w, a.encryption, o.Stored)
	return a, err
}

// Add adds a file.
func (w *Writer) Add(name string, modified time.Time, content io.Reader) error {
	if w.failed != nil {
		return w.failed
	}
	hash := crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(hash, w.block), content)
	w.failed = err
	w.files = append(w.files, file{name, modified, uint64(n), hash.Sum32()})
	return err
}

// AddBytes adds a file of which all is in memory.
func (w *Writer) AddBytes(name string, modified time.Time, content []byte) error {
	return w.Add(name, modified, bytes.NewReader(content))
}

// Close writes the header. It does not close what it writes to.
func (w *Writer) Close() error {
	if w.failed != nil {
		return w.failed
	}
	w.failed = errors.New("sevenz: the archive is closed")
	if err := w.block.Close(); err != nil {
		return err
	}
	content := w.block.folder(0)
	header := w.header(content)

	// The header is packed into a block of its own, which a short header describes.
	packed, err := newBlock(w.out, nil, false)
	if err != nil {
		return err
	}
	if _, err := packed.Write(header); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	var short buffer
	short.byte(idEncodedHeader)
	short.streams(packed.folder(w.block.packed.n), nil)
	if _, err := w.out.Write(short.b); err != nil {
		return err
	}
	return w.writeSignature(w.block.packed.n+packed.packed.n, short.b)
}

// writeSignature goes back and says where the header is.
func (w *Writer) writeSignature(offset uint64, header []byte) error {
	start := binary.LittleEndian.AppendUint64(nil, offset)
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	signature := []byte{'7', 'z', 0xbc, 0xaf, 0x27, 0x1c, 0, 4}
	signature = binary.LittleEndian.AppendUint32(signature, crc32.ChecksumIEEE(start))
	back := int64(signatureHeaderSize) + int64(offset) + int64(len(header))
	if _, err := w.out.Seek(-back, io.SeekCurrent); err != nil {
		return err
	}
	if _, err := w.out.Write(append(signature, start...)); err != nil {
		return err
	}
	_, err := w.out.Seek(back-signatureHeaderSize, io.SeekCurrent)
	return err
}

// A block is what is packed in one piece: LZMA2, and AES around it.
type block struct {
	packed     *counter
	compressed *counter
	plain      uint64
	hash       uint32
	lzma       io.WriteCloser
	cipher     *cipherWriter // nil for none
	encryption *encryption
}

func newBlock(w io.Writer, e *encryption, stored bool) (*block, error) {
	b := &block{packed: &counter{w: w}, encryption: e}
	b.compressed = &counter{w: b.packed}
	if e != nil {
		b.cipher = e.writer(b.packed)
		b.compressed.w = b.cipher
	}
	if stored {
		b.lzma = &storedWriter{w: b.compressed}
		return b, nil
	}
	var err error
	b.lzma, err = lzma.Writer2Config{DictCap: window}.NewWriter2(b.compressed)
	return b, err
}

func (b *block) Write(p []byte) (int, error) {
	n, err := b.lzma.Write(p)
	b.plain += uint64(n)
	b.hash = crc32.Update(b.hash, crc32.IEEETable, p[:n])
	return n, err
}

func (b *block) Close() error {
	if err := b.lzma.Close(); err != nil {
		return err
	}
	if b.cipher != nil {
		return b.cipher.Close()
	}
	return nil
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
