package journal

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
)

const magicV1 = "thingpress sandbox state 1\n"

// maxRecordV1 bounds what a damaged length can ask for.
const maxRecordV1 = 1 << 20

// readFrame reads a record of version 1: the length and the CRC-32C of the record, little endian in four bytes each, and the record.
func readFrame(b *bufio.Reader) (record []byte, size int, err error) {
	var head [8]byte
	if _, err := io.ReadFull(b, head[:]); err != nil {
		return nil, 0, io.EOF
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length > maxRecordV1 {
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
