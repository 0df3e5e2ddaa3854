package infineon_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon"
)

// outline decodes content. It returns what each entry became, and the final error.
func outline(t testing.TB, content []byte, opts manifest.Options) (entries []string, final error) {
	t.Helper()
	for d, err := range (infineon.Decoder{}).Decode(t.Context(), input("reel.7z", content), opts) {
		var bad *manifest.EntryError
		switch {
		case errors.As(err, &bad):
			entries = append(entries, string(bad.Reason))
		case err != nil:
			final = err
		default:
			entries = append(entries, d.ID+" "+d.CertificateID.String())
		}
	}
	return entries, final
}

func smallManifest() []byte {
	trust := materialtest.NewTrust("hostile")
	inner := materialtest.SevenZ{Files: []materialtest.SevenZFile{trust.File(0, "E0E0"), trust.File(1, "E0E0"), trust.File(2, "E0E0")}}.Bytes()
	return materialtest.SevenZ{Files: []materialtest.SevenZFile{{Name: materialtest.BundleName("E0E0"), Content: inner}}}.Bytes()
}

// A certificate in DER is not searched for words, but what follows it is.
func TestPrivateKeyBehindDERIsFound(t *testing.T) {
	t.Parallel()
	trust := materialtest.NewTrust("hostile")
	key := append([]byte{0x30, 0x0f, 2, 1, 1, 4, 10}, make([]byte, 10)...) // the beginning of SEC 1
	for name, secret := range map[string][]byte{
		"PEM": []byte("-----BEGIN EC PRIVATE KEY-----\n"), "DER": key,
		"UTF-16": []byte("P\x00R\x00I\x00V\x00A\x00T\x00E\x00 \x00K\x00E\x00Y\x00"),
	} {
		file := trust.File(0, "E0E0")
		file.Content = append(slices.Clone(trust.Leaf(0, "E0E0").Raw), secret...)
		inner := materialtest.SevenZ{Files: []materialtest.SevenZFile{file}}.Bytes()
		content := materialtest.SevenZ{Files: []materialtest.SevenZFile{{Name: materialtest.BundleName("E0E0"), Content: inner}}}.Bytes()
		if entries, err := outline(t, content, manifest.Options{}); manifest.ReasonOf(err) != manifest.ReasonPrivateKey {
			t.Errorf("%s: entries %v, error %v", name, entries, err)
		}
	}
}

func TestTruncatedManifestIsNeverTakenForComplete(t *testing.T) {
	t.Parallel()
	for _, content := range [][]byte{smallManifest(), realManifest(t)} {
		step := 1
		if len(content) > 1<<14 {
			step = 1 << 10
		}
		for n := 0; n < len(content); n += step {
			if entries, err := outline(t, content[:n], manifest.Options{}); err == nil || len(entries) > 0 {
				t.Fatalf("cut to %d of %d bytes: %d entries, %v", n, len(content), len(entries), err)
			}
		}
	}
}

// A 32-bit checksum protects every byte of a device.
func TestFlippedBitNeverAltersADevice(t *testing.T) {
	t.Parallel()
	content := smallManifest()
	want, err := outline(t, content, manifest.Options{})
	if err != nil || len(want) != 3 {
		t.Fatal(want, err)
	}
	for at := range content {
		content[at] ^= 1 << (at % 8)
		got, err := outline(t, content, manifest.Options{})
		if err == nil && len(got) != len(want) {
			t.Errorf("byte %d: %d entries and no error", at, len(got))
		}
		for i := range got {
			if i >= len(want) || got[i] != want[i] {
				t.Errorf("byte %d: entry %d became %s", at, i, got[i])
			}
		}
		content[at] ^= 1 << (at % 8)
	}
}

func TestLyingArchivesAreRefusedBeforeMuchIsAllocated(t *testing.T) {
	files, err := filepath.Glob("../testdata/vectors/infineon/i04-*.7z")
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = outline(t, content, manifest.Options{})
		runtime.ReadMemStats(&after)
		// Unpacking a header or a bundle of some kilobytes is legitimate.
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
			t.Errorf("%s: %d bytes were allocated", file, got)
		}
	}
}

// stored returns an archive without compression. Compressing noise would take seconds.
func stored(files ...materialtest.SevenZFile) []byte {
	var content []byte
	for _, f := range files {
		content = append(content, f.Content...)
	}
	return materialtest.SevenZ{Files: files, Coders: materialtest.CopyCoder(), Packed: content}.Bytes()
}

func TestInnerArchiveInATemporaryFileIsRemoved(t *testing.T) {
	t.Parallel()
	trust := materialtest.NewTrust("spool")
	files := []materialtest.SevenZFile{
		trust.File(0, "E0E0"), trust.File(1, "E0E0"),
		{Name: "noise", Content: materialtest.Bytes("noise", 9<<20)},
	}
	content := stored(materialtest.SevenZFile{Name: materialtest.BundleName("E0E0"), Content: stored(files...)})
	dir := t.TempDir()
	n := 0
	for _, err := range (infineon.Decoder{}).Decode(t.Context(), input("reel.7z", content), manifest.Options{TempDir: dir}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			break // the caller leaves in the middle
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 || n != 2 {
		t.Errorf("%d entries; files left: %v, %v", n, left, err)
	}
	if _, final := outline(t, content, manifest.Options{TempDir: filepath.Join(dir, "none")}); final == nil || manifest.ReasonOf(final) != "" {
		t.Errorf("a missing directory is reported as a fault of the content: %v", final)
	}
}

func TestResumedDecodingGivesTheRest(t *testing.T) {
	t.Parallel()
	whole, _ := outline(t, smallManifest(), manifest.Options{})
	rest, err := outline(t, smallManifest(), manifest.Options{Start: manifest.Position{Entry: 2}})
	if err != nil || len(rest) != 1 || rest[0] != whole[2] {
		t.Errorf("%v, %v; want %s", rest, err, whole[2])
	}
	if _, err := outline(t, smallManifest(),
		manifest.Options{Start: manifest.Position{Entry: 4}}); manifest.ReasonOf(err) != manifest.ReasonChanged {
		t.Errorf("resumed after the end: %v", err)
	}
}

func TestGUIDIsInNoMessage(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/vectors/infineon/*.7z")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for d, err := range (infineon.Decoder{}).Decode(t.Context(), input("reel.7z", content), manifest.Options{}) {
			if err != nil && strings.Contains(err.Error(), materialtest.InfineonGUID) {
				t.Errorf("%s: %v", file, err)
			}
			for name, value := range d.Attributes {
				if strings.Contains(value, materialtest.InfineonGUID) {
					t.Errorf("%s: attribute %s", file, name)
				}
			}
		}
	}
}
