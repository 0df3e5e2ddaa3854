package infineon_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon"
)

// FuzzPieces looks for archives that crash the cutting of entries, that yield more files than they have
// entries, or explanations without bound.
func FuzzPieces(f *testing.F) {
	for _, content := range archives(f) {
		f.Add(content)
	}
	limits := manifest.Limits{EntryBytes: 4 << 10, ArchiveMembers: 10_000, ExpandedBytes: 1 << 20, DictionaryBytes: 16 << 20}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		in, opts := input("fuzz.7z", resealed(content)), manifest.Options{Limits: limits, TempDir: dir}
		entries := 0
		var final error
		for _, err := range (infineon.Decoder{}).Decode(t.Context(), in, opts) {
			if final = err; manifest.ReasonOf(err) != "" || err == nil {
				entries++
			}
		}
		explained, pieces := 0, 0
		for p, err := range infineon.Format().Pieces(t.Context(), in, opts, func(int) bool { return true }) {
			switch {
			case err != nil:
				if manifest.ReasonOf(err) != manifest.ReasonOf(final) {
					t.Fatalf("%v, and the decoder %v", err, final)
				}
			case p.Explains:
				explained += len(p.Content)
			default:
				pieces++
			}
		}
		if pieces > entries || explained > limits.EntryBytes {
			t.Fatalf("%d files of %d entries, %d bytes of explanations", pieces, entries, explained)
		}
	})
}

// The program keeps the explanations of an archive in memory while it cuts entries out of it. Every member of
// a hostile archive may be one.
func TestExplanationsOfAnArchiveAreBounded(t *testing.T) {
	t.Parallel()
	trust := materialtest.NewTrust("pieces")
	var files []materialtest.SevenZFile
	for i := range 20 {
		files = append(files, materialtest.SevenZFile{Name: fmt.Sprintf("%d/README.txt", i), Content: bytes.Repeat([]byte("x"), 1<<10)})
	}
	file := trust.File(0, "E0E0")
	files = append(files, materialtest.SevenZFile{Name: file.Name, Content: file.Content})
	content := materialtest.SevenZ{Files: files}.Bytes()
	opts := manifest.Options{TempDir: t.TempDir(), Limits: manifest.Limits{EntryBytes: 8 << 10}}
	explained, pieces := 0, 0
	for p, err := range infineon.Format().Pieces(t.Context(), input("m.7z", content), opts, func(int) bool { return true }) {
		switch {
		case err != nil:
			t.Fatal(err)
		case p.Explains:
			explained += len(p.Content)
		default:
			pieces++
		}
	}
	if pieces != 1 || explained != opts.Limits.EntryBytes {
		t.Errorf("%d files, %d bytes of explanations", pieces, explained)
	}
}
