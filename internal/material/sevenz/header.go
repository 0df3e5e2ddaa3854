package sevenz

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"time"
	"unicode/utf16"
)

// Property IDs of 7zFormat.txt.
const (
	idEnd             = 0x00
	idHeader          = 0x01
	idMainStreamsInfo = 0x04
	idFilesInfo       = 0x05
	idPackInfo        = 0x06
	idUnpackInfo      = 0x07
	idSubStreamsInfo  = 0x08
	idSize            = 0x09
	idCRC             = 0x0a
	idFolder          = 0x0b
	idCodersUnpack    = 0x0c
	idNumUnpackStream = 0x0d
	idEmptyStream     = 0x0e
	idEmptyFile       = 0x0f
	idNames           = 0x11
	idModified        = 0x14
	idAttributes      = 0x15
	idEncodedHeader   = 0x17
)

// attributeArchive is FILE_ATTRIBUTE_ARCHIVE of Windows.
const attributeArchive = 0x20

// A Header describes the content of an archive. The headers of a [Writer] are correct.
type Header struct {
	Block Block
	Files []File
	// ClaimedFiles, if not zero, replaces the number of files.
	ClaimedFiles uint64
	// NoChecksums omits the checksums of the files.
	NoChecksums bool
}

// A File is one member of an archive.
type File struct {
	Name string
	Size uint64
	CRC  uint32
	// Modified is written if it is set for the first file of the archive.
	Modified time.Time
	// Attributes are Windows attributes, with a Unix mode in the upper half if bit
	// 15 is set. Zero means an ordinary file.
	Attributes uint32
	// Directory marks a member without content as a directory.
	Directory bool
}

// A Block is packed in one piece.
type Block struct {
	// Position counts from the end of [Start]; Packed is the length of the packed stream.
	Position, Packed uint64
	// Coders are the number of methods and the description of each.
	Coders []byte
	// Sizes has the unpacked size of each method.
	Sizes []uint64
}

// LZMA2 describes the method LZMA2 with the property byte of its dictionary.
func LZMA2(dictionary byte) []byte { return []byte{0x21, 0x21, 1, dictionary} }

// Encoded returns the short header that refers to a block with the packed header.
func Encoded(block Block, header []byte) []byte {
	h := text{idEncodedHeader}
	h.streams(block)
	h.add(idCRC, 1)
	h.uint32(crc32.ChecksumIEEE(header))
	return append(h, idEnd, idEnd)
}

// Start returns the first 32 bytes of an archive, which locate the header after the packed bytes.
func Start(packed uint64, header []byte) []byte {
	start := binary.LittleEndian.AppendUint64(nil, packed)
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	signature := []byte{'7', 'z', 0xbc, 0xaf, 0x27, 0x1c, 0, 4}
	return append(binary.LittleEndian.AppendUint32(signature, crc32.ChecksumIEEE(start)), start...)
}

// Bytes returns the unpacked header.
func (h *Header) Bytes() []byte {
	var full, empty []File
	for _, f := range h.Files {
		if f.Size > 0 {
			full = append(full, f)
		} else {
			empty = append(empty, f)
		}
	}
	out := text{idHeader}
	if len(full) > 0 {
		out.add(idMainStreamsInfo)
		out.streams(h.Block)
		out.add(idEnd)
		out.subStreams(full, !h.NoChecksums)
		out.add(idEnd)
	}
	out.add(idFilesInfo)
	if h.ClaimedFiles != 0 {
		out.number(h.ClaimedFiles)
	} else {
		out.number(uint64(len(h.Files)))
	}
	if len(empty) > 0 {
		out.property(idEmptyStream, bitmap(h.Files, func(f File) bool { return f.Size == 0 }))
		out.property(idEmptyFile, bitmap(empty, func(f File) bool { return !f.Directory }))
	}
	out.filesInfo(h.Files)
	return append(out, idEnd, idEnd)
}

// A text is a header under construction.
type text []byte

func (h *text) add(b ...byte)   { *h = append(*h, b...) }
func (h *text) uint32(n uint32) { *h = binary.LittleEndian.AppendUint32(*h, n) }
func (h *text) uint64(n uint64) { *h = binary.LittleEndian.AppendUint64(*h, n) }

func (h *text) property(id byte, value []byte) {
	h.add(id)
	h.number(uint64(len(value)))
	h.add(value...)
}

// number writes NUMBER: the number of leading ones in the first byte is the number
// of bytes that follow, little-endian. The other bits of the first byte are the
// highest.
func (h *text) number(n uint64) {
	extra := max(bits.Len64(n)-1, 0) / 7
	if extra >= 8 {
		h.add(0xff)
		h.uint64(n)
		return
	}
	h.add(^byte(0xff>>extra) | byte(n>>(8*extra)))
	for i := range extra {
		h.add(byte(n >> (8 * i)))
	}
}

// streams writes the description of one block, up to its checksum.
func (h *text) streams(b Block) {
	h.add(idPackInfo)
	h.number(b.Position)
	h.add(1, idSize) // one packed stream
	h.number(b.Packed)
	h.add(idEnd, idUnpackInfo, idFolder, 1, 0) // one folder, which follows here
	h.add(b.Coders...)
	h.add(idCodersUnpack)
	for _, size := range b.Sizes {
		h.number(size)
	}
}

// subStreams writes the place of each file in the block.
func (h *text) subStreams(files []File, checksums bool) {
	h.add(idSubStreamsInfo, idNumUnpackStream)
	h.number(uint64(len(files)))
	if len(files) > 1 {
		h.add(idSize)
		for _, f := range files[:len(files)-1] {
			h.number(f.Size)
		}
	}
	if checksums {
		h.add(idCRC, 1)
		for _, f := range files {
			h.uint32(f.CRC)
		}
	}
	h.add(idEnd)
}

func (h *text) filesInfo(files []File) {
	names := text{0}    // which follow here
	times := text{1, 0} // of all files, which follow here
	attributes := text{1, 0}
	for _, f := range files {
		for _, unit := range append(utf16.Encode([]rune(f.Name)), 0) {
			names.add(byte(unit), byte(unit>>8))
		}
		times.uint64(fileTime(f.Modified))
		if f.Attributes == 0 {
			f.Attributes = attributeArchive
		}
		attributes.uint32(f.Attributes)
	}
	h.property(idNames, names)
	if len(files) > 0 && !files[0].Modified.IsZero() {
		h.property(idModified, times)
	}
	h.property(idAttributes, attributes)
}

// bitmap packs one boolean per file, the first into the highest bit.
func bitmap(files []File, set func(File) bool) []byte {
	b := make([]byte, (len(files)+7)/8)
	for i, f := range files {
		if set(f) {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	return b
}

// fileTime returns a time as Windows has it, in steps of 100 ns since 1601.
func fileTime(t time.Time) uint64 {
	const from1601to1970 = 11_644_473_600 // seconds
	return uint64(t.Unix()+from1601to1970)*10_000_000 + uint64(t.Nanosecond()/100)
}
