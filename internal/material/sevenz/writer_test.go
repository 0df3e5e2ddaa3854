package sevenz_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bodgit/sevenzip"
	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/material/sevenz"
)

var modified = time.Date(2025, 1, 2, 3, 4, 5, 600, time.UTC)

type member struct {
	name    string
	content []byte
}

// Each check of a property reads archives back, for which a reader allocates
// dictionaries of 16 MiB. The default number of checks is therefore small;
// -rapid.checks raises it.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	m.Run()
}

// A memory is a file in memory.
type memory struct {
	content []byte
	at      int
}

func (m *memory) Write(p []byte) (int, error) {
	m.content = append(m.content, make([]byte, max(0, m.at+len(p)-len(m.content)))...)
	m.at += copy(m.content[m.at:], p)
	return len(p), nil
}

func (m *memory) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekCurrent {
		return 0, errors.ErrUnsupported
	}
	m.at += int(offset)
	return int64(m.at), nil
}

// archive writes members and returns the archive.
func archive(t testing.TB, o sevenz.Options, members ...member) []byte {
	t.Helper()
	var file memory
	w, err := sevenz.NewWriter(&file, o)
	for _, m := range members {
		if err == nil {
			err = w.Add(m.name, modified, m.content)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.content
}

func extract(t *testing.T, raw []byte, password string) []member {
	t.Helper()
	r, err := sevenzip.NewReaderWithPassword(bytes.NewReader(raw), int64(len(raw)), password)
	if err != nil {
		t.Fatal(err)
	}
	var members []member
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		if !f.Modified.Equal(modified) {
			t.Errorf("%s: modified %v, want %v", f.Name, f.Modified, modified)
		}
		members = append(members, member{f.Name, content})
	}
	return members
}

func equal(t *testing.T, got, want []member) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d members, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].name != want[i].name || !bytes.Equal(got[i].content, want[i].content) {
			t.Errorf("member %d is %q of %d bytes, want %q of %d", i, got[i].name, len(got[i].content), want[i].name, len(want[i].content))
		}
	}
}

func TestAnotherReaderFindsWhatWasWritten(t *testing.T) {
	t.Parallel()
	many := make([]member, 3000)
	for i := range many {
		many[i] = member{fmt.Sprintf("%020X_E0E0.pem", i), []byte(strings.Repeat(fmt.Sprint(i), 300))}
	}
	noise := make([]byte, 300_000)                  // more than twice the compressor's window
	_, _ = rand.NewChaCha8([32]byte{7}).Read(noise) // never fails
	for name, members := range map[string][]member{
		"one":        {{"a", []byte("content")}},
		"empty ones": {{"first", nil}, {"a", []byte("content")}, {"last", nil}},
		"only empty": {{"a", nil}},
		"names":      {{"ü €\U0001F600.txt", []byte("x")}},
		"many":       many,
		// the compressor must still hold the chunks of incompressible data, which it stores
		"noise": {{"a", []byte(strings.Repeat("a", 9999))}, {"noise", noise}, {"b", noise[:70_001]}},
		"large": {{"zeros", make([]byte, 3<<20)}, {"a", []byte("b")}},
	} {
		for how, o := range map[string]sevenz.Options{
			"packed": {}, "stored": {Stored: true}, "encrypted": {Password: "pässword", IV: [16]byte{1, 2, 3}},
			"stored encrypted": {Stored: true, Password: "p"},
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				equal(t, extract(t, archive(t, o, members...), o.Password), members)
			})
		}
	}
}

func TestAnyContentComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		contents := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 600), 1, 20).Draw(rt, "contents")
		var members []member
		for i, content := range contents {
			members = append(members, member{fmt.Sprint(i), content})
		}
		equal(t, extract(t, archive(t, sevenz.Options{Stored: rapid.Bool().Draw(rt, "stored")}, members...), ""), members)
	})
}

func TestWithoutThePasswordNothingIsRead(t *testing.T) {
	t.Parallel()
	secret := []byte(strings.Repeat("this is a secret ", 100))
	raw := archive(t, sevenz.Options{Password: "right"}, member{"keys.txt", secret})
	if bytes.Contains(raw, secret[:16]) {
		t.Error("the content is not encrypted")
	}
	for _, password := range []string{"", "wrong"} {
		r, err := sevenzip.NewReaderWithPassword(bytes.NewReader(raw), int64(len(raw)), password)
		if err != nil {
			continue
		}
		in, err := r.File[0].Open()
		if err != nil {
			continue
		}
		if content, err := io.ReadAll(in); err == nil {
			t.Errorf("password %q reads %d bytes", password, len(content))
		}
	}
}

func TestClosedArchiveTakesNothing(t *testing.T) {
	t.Parallel()
	w, err := sevenz.NewWriter(new(memory), sevenz.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Add("a", modified, nil) == nil || w.Close() == nil {
		t.Error("a closed archive accepts files")
	}
}
