package materialtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"
	"unicode/utf16"

	"github.com/ulikunitz/xz/lzma"
)

// A SevenZ is a 7z archive, good or bad, that is small enough for memory. What
// is zero is as 7-Zip writes it: one solid block of LZMA2.
type SevenZ struct {
	Files []SevenZFile
	// PlainHeader leaves the header unpacked.
	PlainHeader bool
	// NoChecksums leaves the files' checksums out.
	NoChecksums bool
	// Coders is the description of the block's methods, behind their number;
	// CoderCount is that number. Empty is LZMA2 with a dictionary of 16 MiB.
	Coders     []byte
	CoderCount byte
	// Sizes is what each method claims to give; empty is the files' length.
	Sizes []uint64
	// Packed is the packed stream in place of the files' content as LZMA2.
	Packed []byte
	// ClaimedFiles is the number of files that the header claims; 0 is the
	// number of files.
	ClaimedFiles uint64
	// HeaderCoders and HeaderSize are what the packed header claims of itself.
	HeaderCoders []byte
	HeaderSize   uint64
}

// A SevenZFile is one member of a [SevenZ].
type SevenZFile struct {
	Name    string
	Content []byte
	// Attributes are those of Windows, with a Unix mode in the upper half
	// where bit 15 is set; 0 is an ordinary file.
	Attributes uint32
	// Directory makes the member one.
	Directory bool
	// BadChecksum makes the checksum wrong.
	BadChecksum bool
}

// LZMA2Coder describes the method LZMA2 with the property of its dictionary.
func LZMA2Coder(property byte) []byte { return []byte{0x21, 0x21, 1, property} }

// CopyCoder describes the method that does not pack.
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
	packed := z.Packed
	if packed == nil && len(z.content()) > 0 {
		packed = LZMA2(z.content())
	}
	header := z.header(uint64(len(packed)))
	if z.PlainHeader {
		return SevenZFrame(packed, header)
	}
	coders, size := z.HeaderCoders, z.HeaderSize
	if coders == nil {
		coders = LZMA2Coder(24)
	}
	if size == 0 {
		size = uint64(len(header))
	}
	squeezed := LZMA2(header)
	h := sevenZText{0x17}
	h.streams(uint64(len(packed)), uint64(len(squeezed)), 1, coders, []uint64{size})
	h = append(h, 0x0a, 1)
	h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE(header))
	return SevenZFrame(append(bytes.Clone(packed), squeezed...), append(h, 0, 0))
}

// SevenZFrame puts the first 32 bytes before packed streams and a header.
func SevenZFrame(packed, header []byte) []byte {
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(packed)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	out := []byte{'7', 'z', 0xbc, 0xaf, 0x27, 0x1c, 0, 4}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(start))
	return append(append(append(out, start...), packed...), header...)
}

func (z SevenZ) content() []byte {
	var all []byte
	for _, f := range z.Files {
		all = append(all, f.Content...)
	}
	return all
}

func (z SevenZ) header(packed uint64) []byte {
	var full []SevenZFile
	for _, f := range z.Files {
		if len(f.Content) > 0 {
			full = append(full, f)
		}
	}
	h := sevenZText{0x01}
	if len(full) > 0 {
		h = append(h, 0x04)
		z.mainStreams(&h, packed, full)
	}
	h = append(h, 0x05)
	claimed := z.ClaimedFiles
	if claimed == 0 {
		claimed = uint64(len(z.Files))
	}
	h.number(claimed)
	if empty := len(z.Files) - len(full); empty > 0 {
		h.property(0x0e, sevenZBits(z.Files, func(f SevenZFile) bool { return len(f.Content) == 0 }))
		var without []SevenZFile
		for _, f := range z.Files {
			if len(f.Content) == 0 {
				without = append(without, f)
			}
		}
		h.property(0x0f, sevenZBits(without, func(f SevenZFile) bool { return !f.Directory }))
	}
	names, attributes := []byte{0}, []byte{1, 0}
	for _, f := range z.Files {
		for _, unit := range append(utf16.Encode([]rune(f.Name)), 0) {
			names = binary.LittleEndian.AppendUint16(names, unit)
		}
		kind := f.Attributes
		if kind == 0 {
			kind = 0x20
		}
		attributes = binary.LittleEndian.AppendUint32(attributes, kind)
	}
	h.property(0x11, names)
	h.property(0x15, attributes)
	return append(h, 0, 0)
}

func (z SevenZ) mainStreams(h *sevenZText, packed uint64, full []SevenZFile) {
	coders, count, sizes := z.Coders, z.CoderCount, z.Sizes
	if coders == nil {
		coders = LZMA2Coder(24)
	}
	if count == 0 {
		count = 1
	}
	if sizes == nil {
		sizes = []uint64{uint64(len(z.content()))}
	}
	h.streams(0, packed, count, coders, sizes)
	*h = append(*h, 0, 0x08, 0x0d)
	h.number(uint64(len(full)))
	if len(full) > 1 {
		*h = append(*h, 0x09)
		for _, f := range full[:len(full)-1] {
			h.number(uint64(len(f.Content)))
		}
	}
	if !z.NoChecksums {
		*h = append(*h, 0x0a, 1)
		for _, f := range full {
			sum := crc32.ChecksumIEEE(f.Content)
			if f.BadChecksum {
				sum ^= 1
			}
			*h = binary.LittleEndian.AppendUint32(*h, sum)
		}
	}
	*h = append(*h, 0, 0)
}

// A sevenZText is a header that is being written.
type sevenZText []byte

// streams describes one packed stream and its block, up to the checksums.
func (h *sevenZText) streams(offset, packed uint64, count byte, coders []byte, sizes []uint64) {
	*h = append(*h, 0x06)
	h.number(offset)
	*h = append(*h, 1, 0x09)
	h.number(packed)
	*h = append(*h, 0, 0x07, 0x0b, 1, 0, count)
	*h = append(*h, coders...)
	*h = append(*h, 0x0c)
	for _, size := range sizes {
		h.number(size)
	}
}

func (h *sevenZText) property(id byte, value []byte) {
	*h = append(*h, id)
	h.number(uint64(len(value)))
	*h = append(*h, value...)
}

// number writes a number of 7zFormat.txt: as many leading ones as bytes follow.
func (h *sevenZText) number(n uint64) {
	extra := max(bits.Len64(n)-1, 0) / 7
	if extra >= 8 {
		*h = binary.LittleEndian.AppendUint64(append(*h, 0xff), n)
		return
	}
	*h = append(*h, ^byte(0xff>>extra)|byte(n>>(8*extra)))
	for i := range extra {
		*h = append(*h, byte(n>>(8*i)))
	}
}

func sevenZBits(files []SevenZFile, set func(SevenZFile) bool) []byte {
	out := make([]byte, (len(files)+7)/8)
	for i, f := range files {
		if set(f) {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}
