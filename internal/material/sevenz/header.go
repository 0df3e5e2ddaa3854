package sevenz

import (
	"encoding/binary"
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

// A folder describes a block.
type folder struct {
	position, packed  uint64
	compressed, plain uint64
	crc               uint32
	encryption        *encryption
}

func (b *block) folder(position uint64) folder {
	return folder{position, b.packed.n, b.compressed.n, b.plain, b.hash, b.encryption}
}

// A buffer is a header that is being written.
type buffer struct{ b []byte }

func (h *buffer) byte(b ...byte)    { h.b = append(h.b, b...) }
func (h *buffer) uint32(n uint32)   { h.b = binary.LittleEndian.AppendUint32(h.b, n) }
func (h *buffer) uint64(n uint64)   { h.b = binary.LittleEndian.AppendUint64(h.b, n) }
func (h *buffer) append(b []byte)   { h.b = append(h.b, b...) }
func (h *buffer) property(b []byte) { h.number(uint64(len(b))); h.append(b) }

// number writes NUMBER: the count of leading ones of the first byte is how many
// bytes follow, little-endian, and its other bits are the highest.
func (h *buffer) number(n uint64) {
	extra := (bits.Len64(n) - 1) / 7
	if n == 0 {
		extra = 0
	}
	if extra >= 8 {
		h.byte(0xff)
		h.uint64(n)
		return
	}
	mask := byte(0xff << (8 - extra))
	h.byte(mask | byte(n>>(8*extra)))
	for i := range extra {
		h.byte(byte(n >> (8 * i)))
	}
}

// streams writes the description of one block, and of the files in it.
func (h *buffer) streams(f folder, files []file) {
	h.byte(idPackInfo)
	h.number(f.position)
	h.number(1)
	h.byte(idSize)
	h.number(f.packed)
	h.byte(idEnd)

	h.byte(idUnpackInfo, idFolder)
	h.number(1) // folders
	h.byte(0)   // which follow here
	if f.encryption == nil {
		h.byte(1, 0x21, 0x21, 1, dictionaryProp) // one coder with properties; LZMA2 is 21
	} else {
		h.byte(2)
		h.byte(0x24, 0x06, 0xf1, 0x07, 0x01) // 7zAES
		h.property(f.encryption.properties())
		h.byte(0x21, 0x21, 1, dictionaryProp)
		h.byte(1, 0) // the input of coder 1 is the output of coder 0
	}
	h.byte(idCodersUnpack)
	if f.encryption != nil {
		h.number(f.compressed)
	}
	h.number(f.plain)
	if files == nil {
		h.byte(idCRC, 1)
		h.uint32(f.crc)
	}
	h.byte(idEnd)
	if files != nil {
		h.subStreams(files)
	}
	h.byte(idEnd)
}

func (h *buffer) subStreams(files []file) {
	h.byte(idSubStreamsInfo, idNumUnpackStream)
	h.number(uint64(len(files)))
	if len(files) > 1 {
		h.byte(idSize)
		for _, f := range files[:len(files)-1] {
			h.number(f.size)
		}
	}
	h.byte(idCRC, 1)
	for _, f := range files {
		h.uint32(f.crc)
	}
	h.byte(idEnd)
}

// header describes the files of the archive.
func (w *Writer) header(content folder) []byte {
	var full []file
	for _, f := range w.files {
		if f.size > 0 {
			full = append(full, f)
		}
	}
	var h buffer
	h.byte(idHeader)
	if len(full) > 0 {
		h.byte(idMainStreamsInfo)
		h.streams(content, full)
	}
	h.byte(idFilesInfo)
	h.number(uint64(len(w.files)))
	if empty := len(w.files) - len(full); empty > 0 {
		h.byte(idEmptyStream)
		h.property(bitmap(len(w.files), func(i int) bool { return w.files[i].size == 0 }))
		h.byte(idEmptyFile) // and no directories
		h.property(bitmap(empty, func(int) bool { return true }))
	}

	names := buffer{[]byte{0}}    // which follow here
	times := buffer{[]byte{1, 0}} // of all files, which follow here
	attributes := buffer{[]byte{1, 0}}
	for _, f := range w.files {
		for _, unit := range append(utf16.Encode([]rune(f.name)), 0) {
			names.byte(byte(unit), byte(unit>>8))
		}
		times.uint64(fileTime(f.modified))
		attributes.uint32(attributeArchive)
	}
	h.byte(idNames)
	h.property(names.b)
	h.byte(idModified)
	h.property(times.b)
	h.byte(idAttributes)
	h.property(attributes.b)
	h.byte(idEnd, idEnd)
	return h.b
}

// bitmap packs n booleans, the first into the highest bit.
func bitmap(n int, set func(i int) bool) []byte {
	b := make([]byte, (n+7)/8)
	for i := range n {
		if set(i) {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	return b
}

// fileTime is a time in steps of 100 ns since 1601, as Windows has it.
func fileTime(t time.Time) uint64 {
	const from1601to1970 = 11_644_473_600 // seconds
	return uint64(t.Unix()+from1601to1970)*10_000_000 + uint64(t.Nanosecond()/100)
}
