package infineon_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon"
)

// FuzzDecode looks for archives that crash the decoder, number entries wrongly, or
// yield a device that breaks the contract of [manifest.Device].
func FuzzDecode(f *testing.F) {
	for _, content := range archives(f) {
		f.Add(content)
	}
	limits := manifest.Limits{ArchiveMembers: 10_000, ExpandedBytes: 1 << 20, DictionaryBytes: 16 << 20}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		content = resealed(content)
		n := 0
		for d, err := range (infineon.Decoder{}).Decode(t.Context(), input("fuzz.7z", content), manifest.Options{Limits: limits, TempDir: dir}) {
			var bad *manifest.EntryError
			var final *manifest.FileError
			switch {
			case errors.As(err, &bad):
				if bad.Entry != n || bad.Reason == "" {
					t.Errorf("entry %d: %+v", n, bad)
				}
			case errors.As(err, &final):
				if final.Entry != n || final.Reason == "" {
					t.Errorf("after %d entries: %+v", n, final)
				}
			case err != nil:
				t.Errorf("neither an EntryError nor a FileError: %v", err)
			case d.Entry != n || d.Certificate == nil || d.ThingName == "" || len(d.ID) != 20:
				t.Errorf("entry %d: %+v", n, d)
			}
			n++
		}
	})
}

// archives returns the vectors.
func archives(t testing.TB) (contents [][]byte) {
	t.Helper()
	files, err := filepath.Glob("../testdata/vectors/infineon/*.7z*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, content)
	}
	return contents
}

// resealed fixes the checksums of start and header, so that they do not stop the fuzzer.
func resealed(content []byte) []byte {
	const start = 32
	if len(content) < start {
		return content
	}
	content = bytes.Clone(content)
	behind := uint64(len(content) - start)
	offset, size := binary.LittleEndian.Uint64(content[12:]), binary.LittleEndian.Uint64(content[20:])
	if offset <= behind && size <= behind-offset {
		binary.LittleEndian.PutUint32(content[28:], crc32.ChecksumIEEE(content[start+offset:start+offset+size]))
	}
	binary.LittleEndian.PutUint32(content[8:], crc32.ChecksumIEEE(content[12:start]))
	return content
}
