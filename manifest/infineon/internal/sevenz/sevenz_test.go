package sevenz_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/bodgit/sevenzip"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon/internal/sevenz"
)

var limits = manifest.Limits{ArchiveMembers: 10_000, ExpandedBytes: 64 << 20, ExpansionRatio: 1000, DictionaryBytes: 64 << 20}

type member struct {
	name    string
	content []byte
}

func read(t testing.TB, raw []byte) ([]member, int64, error) {
	t.Helper()
	a, err := sevenz.Open(bytes.NewReader(raw), int64(len(raw)), limits, t.TempDir())
	if err != nil {
		return nil, 0, err
	}
	defer a.Close()
	r := a.Reader()
	defer r.Close()
	var all []member
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, a.Dictionaries(), nil
		}
		if err != nil {
			return all, 0, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return all, 0, err
		}
		all = append(all, member{m.Name, content})
	}
}

// For well-formed archives the results must equal those of the library alone.
func TestHonestArchivesReadAsTheLibraryReadsThem(t *testing.T) {
	t.Parallel()
	shipped, err := os.ReadFile(filepath.Join(require.Data(t), "infineon", "manifest-infineon.7z"))
	if err != nil {
		t.Fatal(err)
	}
	made := materialtest.SevenZ{Files: []materialtest.SevenZFile{
		{Name: "a", Content: []byte("one")},
		{Name: "empty"},
		{Name: "ü", Content: materialtest.Bytes("b", 70_000)},
	}}.Bytes()
	for _, raw := range [][]byte{shipped, made} {
		got, dictionaries, err := read(t, raw)
		if err != nil || dictionaries != 16<<20 {
			t.Fatalf("dictionaries %d, %v", dictionaries, err)
		}
		archive, err := sevenzip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(archive.File) {
			t.Fatalf("%d members, want %d", len(got), len(archive.File))
		}
		for i, file := range archive.File {
			in, err := file.Open()
			if err != nil {
				t.Fatal(err)
			}
			want, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			if err := in.Close(); err != nil {
				t.Fatal(err)
			}
			if got[i].name != file.Name || !bytes.Equal(got[i].content, want) {
				t.Errorf("member %d is %s of %d bytes, want %s of %d", i, got[i].name, len(got[i].content), file.Name, len(want))
			}
		}
	}
}

func TestMembersThatAreNotReadArePassedOver(t *testing.T) {
	t.Parallel()
	raw := materialtest.SevenZ{Files: []materialtest.SevenZFile{
		{Name: "a", Content: []byte("first")},
		{Name: "b", Content: []byte("second")},
		{Name: "c", Content: []byte("third")},
	}}.Bytes()
	a, err := sevenz.Open(bytes.NewReader(raw), int64(len(raw)), limits, "")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	r := a.Reader()
	for range 3 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if content, err := io.ReadAll(r); err != nil || string(content) != "third" {
		t.Errorf("%q, %v", content, err)
	}
}

// A failing disk must not be reported as a damaged archive.
func TestErrorsOfTheReaderStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	raw := materialtest.SevenZ{Files: []materialtest.SevenZFile{{Name: "a", Content: materialtest.Bytes("a", 300_000)}}}.Bytes()
	broken := errors.New("the disk is broken")
	for _, from := range []int64{0, 40, 200_000, int64(len(raw)) - 10} {
		a, err := sevenz.Open(failing{bytes.NewReader(raw), from, broken}, int64(len(raw)), limits, "")
		if err == nil {
			r := a.Reader()
			if _, err = r.Next(); err == nil {
				_, err = io.ReadAll(r)
			}
		}
		if !errors.Is(err, broken) || manifest.ReasonOf(err) != "" {
			t.Errorf("failing from %d: %v", from, err)
		}
	}
}

type failing struct {
	r    io.ReaderAt
	from int64
	err  error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, f.err
	}
	return f.r.ReadAt(p, off)
}

// FuzzOpen looks for headers that crash the reader or get past the limits.
func FuzzOpen(f *testing.F) {
	for _, z := range []materialtest.SevenZ{
		{Files: []materialtest.SevenZFile{{Name: "a", Content: []byte("one")}, {Name: "d", Directory: true}}, PlainHeader: true},
		{
			Files:  []materialtest.SevenZFile{{Name: "a", Content: []byte("one")}, {Name: "b", Content: []byte("two")}},
			Coders: materialtest.CopyCoder(), Packed: []byte("onetwo"), PlainHeader: true,
		},
	} {
		raw := z.Bytes()
		// The fuzzer varies packed streams and header. The test rebuilds the frame
		// with its checksums.
		header := raw[len(raw)-int(binary.LittleEndian.Uint64(raw[20:])):]
		f.Add(raw[32:len(raw)-len(header)], header)
	}
	f.Fuzz(func(t *testing.T, packed, header []byte) {
		members, dictionaries, err := read(t, materialtest.SevenZFrame(packed, header))
		var total int64
		for _, m := range members {
			total += int64(len(m.content))
		}
		if len(members) > limits.ArchiveMembers || total > limits.ExpandedBytes || dictionaries > 4*limits.DictionaryBytes {
			t.Errorf("%d members, %d bytes, dictionaries of %d", len(members), total, dictionaries)
		}
		if err != nil && manifest.ReasonOf(err) == "" {
			t.Errorf("an error without a reason: %v", err)
		}
	})
}
