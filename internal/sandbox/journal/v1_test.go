package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// frame returns a record as version 1 wrote it.
func frame(record []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(record)))
	return append(binary.LittleEndian.AppendUint32(b, crc32.Checksum(record, castagnoli)), record...)
}

// Version 1 wrote whatever fitted into the body of a call, and then could not read it.
func TestLargeRecordsOfVersion1AreRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	records := [][]byte{[]byte("small"), bytes.Repeat([]byte("x"), 1<<20+100), []byte("after")}
	content := []byte(magicV1)
	for _, record := range records {
		content = append(content, frame(record)...)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := Read(path, func(version int, record []byte) error {
		if version != 1 || n >= len(records) || !bytes.Equal(record, records[n]) {
			t.Errorf("record %d of version %d has %d bytes", n, version, len(record))
		}
		n++
		return nil
	}); err != nil || n != len(records) {
		t.Errorf("%d records, %v", n, err)
	}
}
