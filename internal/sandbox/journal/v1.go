package journal

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
)

const magicV1 = "thingpress sandbox state 1\n"

// readFrame reads a record of version 1: its length and its CRC-32C, each in four bytes, little
// endian, and the record. Version 1 wrote records above 1 MiB that it did not read.
func readFrame(b *bufio.Reader) (record []byte, size int, err error) {
	var head [8]byte
	if _, err := io.ReadFull(b, head[:]); err != nil {
		return nil, 0, io.EOF
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length > MaxRecord { // a damaged length can claim any memory
		return nil, 0, damage(b)
	}
	record = make([]byte, length)
	if _, err := io.ReadFull(b, record); err != nil {
		return nil, 0, io.EOF
	}
	if crc32.Checksum(record, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, 0, damage(b)
	}
	return record, len(head) + len(record), nil
}
