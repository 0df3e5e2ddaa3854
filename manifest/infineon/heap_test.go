package infineon_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/material/sevenz"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon"
)

// reelFile writes a manifest of n chips that share a few certificates, in archives
// that declare a dictionary of 16 MiB each. It returns its path.
func reelFile(t *testing.T, n int) string {
	t.Helper()
	trust := materialtest.NewTrust("heap")
	var contents [][]byte
	for i := range 50 {
		contents = append(contents, trust.File(i, "E0E0").Content)
	}
	files := make([]materialtest.SevenZFile, n)
	for i := range files {
		id := strings.ToUpper(strconv.FormatInt(int64(0x10000000+i), 16))
		files[i] = materialtest.SevenZFile{Name: "0A091B5C0015" + id + "_E0E0.pem", Content: contents[i%len(contents)]}
	}
	inner := materialtest.SevenZ{Files: files, Coders: sevenz.LZMA2(24)}.Bytes()
	outer := materialtest.SevenZ{
		Files:  []materialtest.SevenZFile{{Name: materialtest.BundleName("E0E0"), Content: inner}},
		Coders: sevenz.LZMA2(24),
	}.Bytes()
	path := filepath.Join(t.TempDir(), "reel.7z")
	if err := os.WriteFile(path, outer, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Any number of chips must fit in the dictionaries and 32 MiB. The test is not
// parallel because it measures the heap of the whole process.
func TestHeapStaysWithinDictionariesAnd32MiB(t *testing.T) {
	n := 100_000
	if require.Race {
		n = 10_000
		t.Logf("%d chips instead of 100,000 under the race detector", n)
	}
	file, err := os.Open(reelFile(t, n))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	before, peak, entries := stats.HeapAlloc, uint64(0), 0
	in := manifest.Input{Name: "reel.7z", Reader: file, Size: info.Size()}
	opts := manifest.Options{TempDir: t.TempDir(), Limits: manifest.Limits{ExpansionRatio: 1 << 20}}
	for _, err := range (infineon.Decoder{}).Decode(t.Context(), in, opts) {
		if bad := new(manifest.EntryError); err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		if entries++; entries%1000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&stats)
			peak = max(peak, stats.HeapAlloc)
		}
	}
	if entries != n {
		t.Errorf("%d entries of %d", entries, n)
	}
	const limit = 2*16<<20 + 32<<20
	t.Logf("%d chips, archive of %d KiB, heap at most %d KiB above the start", n, info.Size()>>10, (max(peak, before)-before)>>10)
	if peak == 0 || peak > before+limit {
		t.Errorf("heap of %d bytes, %d at the start", peak, before)
	}
}
