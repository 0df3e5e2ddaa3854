package sevenz_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bodgit/sevenzip"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest/infineon/internal/sevenz"
)

// filtered returns an archive of a filter over stored content. Any content is well-formed there.
func filtered(content []byte, filter ...byte) []byte {
	size := uint64(len(content))
	return materialtest.SevenZ{
		Files: []materialtest.SevenZFile{{Name: "a", Content: content}}, NoChecksums: true,
		Coders:     slices.Concat(materialtest.CopyCoder(), filter, []byte{1, 0}),
		CoderCount: 2, Sizes: []uint64{size, size}, Packed: content,
	}.Bytes()
}

// compareFilters unpacks content through each filter. BCJ must return what the library returns.
func compareFilters(t *testing.T, content []byte) {
	t.Helper()
	raw := filtered(content, 0x04, 0x03, 0x03, 0x01, 0x03)
	archive, err := sevenzip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, len(content))
	if _, err := io.ReadFull(in, want); err != nil {
		t.Fatal(err)
	}
	if got, err := unchecked(t, raw); err != nil || !bytes.Equal(got, want) {
		t.Errorf("BCJ of %d bytes differs from the library's: %v", len(content), err)
	}
	for _, distance := range []int{1, 3, 255, 256} {
		want := bytes.Clone(content)
		for i := distance; i < len(want); i++ {
			want[i] += want[i-distance]
		}
		if got, err := unchecked(t, filtered(content, 0x21, 0x03, 1, byte(distance-1))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("delta %d of %d bytes is wrong: %v", distance, len(content), err)
		}
	}
}

// unchecked returns the content of the only member of an archive without checksums.
func unchecked(t *testing.T, raw []byte) ([]byte, error) {
	t.Helper()
	a, err := sevenz.Open(bytes.NewReader(raw), int64(len(raw)), limits, "")
	if err != nil {
		return nil, err
	}
	defer a.Close()
	r := a.Reader()
	defer r.Close()
	m, err := r.Next()
	if err != nil {
		return nil, err
	}
	content := make([]byte, m.Size)
	_, err = io.ReadFull(r, content)
	return content, err
}

// The library never returns from a delta filter at distance 256.
//
// Instructions that straddle the ends of buffers, and opcodes close to each other, are where BCJ
// keeps state. A wrong byte in a certificate would reject the device.
func TestFiltersUndoWhatTheLibraryUndoes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	likely := []byte{0xe8, 0xe9, 0x00, 0xff, 0x01, 0xe8}
	for _, size := range []int{1, 4, 5, 9, 64<<10 - 1, 64 << 10, 64<<10 + 3, 200_000} {
		content := make([]byte, size)
		for i := range content {
			if content[i] = byte(random.Uint32()); random.IntN(3) > 0 {
				content[i] = likely[random.IntN(len(likely))]
			}
		}
		compareFilters(t, content)
	}
}

// FuzzFilters looks for content that the filters turn into something else than the library does.
func FuzzFilters(f *testing.F) {
	f.Add([]byte{0xe8, 0xe8, 0, 0, 0xff, 0xe9, 0, 0, 0, 0})
	f.Add(slices.Repeat([]byte{0xe9, 1, 2, 3, 0}, 100))
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 0 {
			compareFilters(t, content)
		}
	})
}
