package sevenz

import (
	"encoding/binary"
	"io"
)

// A bcjReader undoes BCJ, the filter that makes the targets of x86 calls and jumps absolute. It
// follows Bra86.c in the LZMA SDK 9.20 by Igor Pavlov, which is in the public domain. 7-Zip applies
// the filter to any file that looks like a program, and Infineon to all its archives.
type bcjReader struct {
	r          io.Reader
	buffer     [unpackBuffer]byte
	start, end int    // of the bytes in buffer
	ready      int    // bytes after start that are converted
	ip         uint32 // position of the byte after those
	mask       uint32 // which of the last three bytes could have been opcodes
	err        error  // of r
}

// bcjLength is the length of a call or jump: the opcode and a distance.
const bcjLength = 5

// Read implements [io.Reader].
func (f *bcjReader) Read(p []byte) (int, error) {
	for f.ready == 0 {
		if f.err != nil {
			if f.start == f.end {
				return 0, f.err
			}
			f.ready = f.end - f.start // too short for an instruction
			break
		}
		f.end = copy(f.buffer[:], f.buffer[f.start:f.end])
		f.start = 0
		var n int
		n, f.err = f.r.Read(f.buffer[f.end:])
		f.end += n
		f.ready = f.convert(f.buffer[:f.end])
	}
	n := copy(p, f.buffer[f.start:f.start+f.ready])
	f.start, f.ready = f.start+n, f.ready-n
	return n, nil
}

// convert makes targets relative again, in place, and returns how many bytes are done. The others
// may be the beginning of an instruction.
func (f *bcjReader) convert(data []byte) int {
	last := -1 // position of the last opcode
	at := 0
	for ; at+bcjLength <= len(data); at++ {
		if data[at]&0xfe != 0xe8 {
			continue
		}
		f.age(at - last)
		last = at
		high := highByte[f.mask]
		if f.mask != 0 && (high == 0 || isSign(data[at+high])) || !isSign(data[at+4]) {
			f.mask = f.mask<<1&7 | 1
			continue
		}
		next := f.ip + uint32(at) + bcjLength
		distance := binary.LittleEndian.Uint32(data[at+1:]) - next
		if f.mask != 0 {
			if shift := 8 * (high - 1); isSign(byte(distance >> shift)) {
				distance = (distance ^ (1<<(shift+8) - 1)) - next
			}
		}
		binary.LittleEndian.PutUint32(data[at+1:], distance)
		data[at+4] = -(data[at+4] & 1)
		at += bcjLength - 1
	}
	f.age(at - last)
	f.ip += uint32(at)
	return at
}

// age forgets opcodes that lie more than three bytes back.
func (f *bcjReader) age(bytes int) {
	if bytes > 3 {
		f.mask = 0
		return
	}
	f.mask = f.mask << (bytes - 1) & 7
}

// highByte has, for each mask, the byte after the opcode that would be the highest of the earlier
// instruction's target; 0 if the mask allows no conversion.
var highByte = [8]int{0: 4, 1: 3, 2: 2, 4: 1}

// isSign reports whether b, as the highest byte of a distance, extends its sign.
func isSign(b byte) bool { return b == 0 || b == 0xff }

// A deltaReader undoes the filter that stores differences between bytes at a distance.
type deltaReader struct {
	r        io.Reader
	distance int // 1 to 256
	past     [256]byte
	at       byte
}

// Read implements [io.Reader].
func (f *deltaReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	for i := range p[:n] {
		p[i] += f.past[f.at-byte(f.distance)]
		f.past[f.at] = p[i]
		f.at++
	}
	return n, err
}
