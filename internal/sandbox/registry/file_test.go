package registry

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/sandbox/journal"
)

func TestStateIsOfOneSandbox(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	s := open(t, inFile(link)) // creates the target of the link
	for _, same := range []string{path, link} {
		if _, err := Open(inFile(same)); !errors.Is(err, journal.ErrLocked) {
			t.Errorf("a second sandbox at %s: %v, want ErrLocked", filepath.Base(same), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Path: path, Region: "eu-west-1"}); err == nil {
		t.Error("opened as another region")
	}
	if again := open(t, inFile(path)); again.Identity() != s.Identity() {
		t.Error("the link led to another file")
	}
	if info := read[os.FileInfo](t)(os.Lstat(link)); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
}

// A hard link would keep its content when the file is rewritten, and then be another state with
// the same ID.
func TestStateWithSecondNameIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	if err := read[*Store](t)(Open(inFile(path))).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, path+".link"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".link"} {
		if s, err := Open(inFile(name)); err == nil {
			s.Close()
			t.Errorf("%s: opened", filepath.Base(name))
		}
	}
}

func TestCopyReadsAStateInUseAndChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "sandbox.db")
	s := open(t, inFile(path))
	populate(t, s)
	before := read[[]byte](t)(os.ReadFile(path))
	if err := os.WriteFile(path, before[:len(before)-3], 0o600); err != nil { // a record is being written
		t.Fatal(err)
	}
	names := read[[]os.DirEntry](t)(os.ReadDir(dir))
	c := open(t, Options{Path: path, Copy: true})
	if c.Identity() != s.Identity() || len(c.Snapshot().Things) != len(s.Snapshot().Things) {
		t.Errorf("the copy is %+v with %d things", c.Identity(), len(c.Snapshot().Things))
	}
	register(t, c, "")
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if after := read[[]byte](t)(os.ReadFile(path)); !bytes.Equal(after, before[:len(before)-3]) {
		t.Error("the file was changed")
	}
	if after := read[[]os.DirEntry](t)(os.ReadDir(dir)); len(after) != len(names) {
		t.Errorf("%d files, %d before", len(after), len(names))
	}
	fresh := open(t, Options{Path: filepath.Join(dir, "none"), Copy: true})
	register(t, fresh, "")
	if _, err := os.Stat(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a copy of nothing made a file: %v", err)
	}
}

// On a full disk the file cannot be rewritten. The state in it must still be readable.
func TestStateThatCannotBeRewrittenOpens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s := read[*Store](t)(Open(inFile(path)))
	create(t, s, (*State).CreateThing, CreateThing{ByName: ByName{"t"}})
	for range 1100 {
		change(t, s, (*State).UpdateThing, UpdateThing{ByName: ByName{"t"}})
	}
	want := s.Snapshot()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+".new", 0o700); err != nil { // in the way of the new file
		t.Fatal(err)
	}
	again := open(t, inFile(path))
	if diff := cmp.Diff(want, again.Snapshot()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	register(t, again, "")
}
