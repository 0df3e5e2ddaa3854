package materialtest

import (
	"bytes"
	"fmt"
	"hash/crc32"

	"github.com/ulikunitz/xz/lzma"

	"github.com/thingpress/thingpress/internal/material/sevenz"
)

// A SevenZ is a small 7z archive in memory, good or bad. With zero values it is
// what 7-Zip writes: one solid block of LZMA2.
type SevenZ struct {
	Files []SevenZFile
	// PlainHeader leaves the header unpacked.
	PlainHeader bool
	// NoChecksums omits the files' checksums.
	NoChecksums bool
	// Coders describes the block's methods, and CoderCount is their number. If
	// empty, it is LZMA2 with a dictionary of 16 MiB.
	Coders     []byte
	CoderCount byte
	// Sizes are the output sizes that the methods claim; if empty, the length of the files.
	Sizes []uint64
	// Packed replaces the packed stream, which otherwise has the files' content as LZMA2.
	Packed []byte
	// ClaimedFiles is the number of files that the header claims; 0 for the actual number.
	ClaimedFiles uint64
	// HeaderCoders and HeaderSize are what the packed header claims about itself.
	HeaderCoders []byte
	HeaderSize   uint64
}

// A SevenZFile is one member of a [SevenZ].
type SevenZFile struct {
	Name    string
	Content []byte
	// Attributes are those of [sevenz.File].
	Attributes uint32
	// Directory makes the member a directory.
	Directory bool
	// BadChecksum makes the checksum wrong.
	BadChecksum bool
}

// CopyCoder describes the method that stores without compression.
func CopyCoder() []byte { return []byte{0x01, 0x00} }

// LZMA2 packs content.
func LZMA2(content []byte) []byte {
	var b bytes.Buffer
	w, err := lzma.Writer2Config{DictCap: 1 << 20}.NewWriter2(&b)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("materialtest: lzma2: %v", err))
	}
	return b.Bytes()
}

// Bytes returns the archive.
func (z SevenZ) Bytes() []byte {
	var content []byte
	h := sevenz.Header{ClaimedFiles: z.ClaimedFiles, NoChecksums: z.NoChecksums}
	for _, f := range z.Files {
		content = append(content, f.Content...)
		sum := crc32.ChecksumIEEE(f.Content)
		if f.BadChecksum {
			sum ^= 1
		}
		h.Files = append(h.Files, sevenz.File{
			Name: f.Name, Size: uint64(len(f.Content)), CRC: sum, Attributes: f.Attributes, Directory: f.Directory,
		})
	}
	packed := z.Packed
	if packed == nil && len(content) > 0 {
		packed = LZMA2(content)
	}
	h.Block = block(0, packed, max(z.CoderCount, 1), z.Coders, z.Sizes, uint64(len(content)))
	header := h.Bytes()
	if z.PlainHeader {
		return SevenZFrame(packed, header)
	}
	var sizes []uint64
	if z.HeaderSize != 0 {
		sizes = []uint64{z.HeaderSize}
	}
	squeezed := LZMA2(header)
	short := sevenz.Encoded(block(len(packed), squeezed, 1, z.HeaderCoders, sizes, uint64(len(header))), header)
	return SevenZFrame(append(bytes.Clone(packed), squeezed...), short)
}

// block describes a packed stream. Without coders it is LZMA2; without sizes it
// unpacks to size bytes.
func block(position int, packed []byte, count byte, coders []byte, sizes []uint64, size uint64) sevenz.Block {
	if coders == nil {
		coders = sevenz.LZMA2(24)
	}
	if sizes == nil {
		sizes = []uint64{size}
	}
	return sevenz.Block{Position: uint64(position), Packed: uint64(len(packed)), Coders: append([]byte{count}, coders...), Sizes: sizes}
}

// SevenZFrame returns an archive of packed streams and a header, with the first 32
// bytes before them.
func SevenZFrame(packed, header []byte) []byte {
	return append(append(sevenz.Start(uint64(len(packed)), header), packed...), header...)
}
