package filelock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// acquired returns a lock that is released at the end of the test.
func acquired(t *testing.T, path string) *Lock {
	t.Helper()
	l, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Release(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return l
}

// refused checks that a file is held, and returns the description of its holder.
func refused(t *testing.T, path string) string {
	t.Helper()
	l, err := Acquire(path)
	if err == nil {
		_ = l.Release() // the test has failed
	}
	var held *HeldError
	if !errors.As(err, &held) {
		t.Fatalf("%s: %v, want a HeldError", filepath.Base(path), err)
	}
	return held.Holder
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHeldFileNamesItsHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	l := acquired(t, path)
	host, _ := os.Hostname()
	if got, want := refused(t, path), fmt.Sprintf("process %d on host %s, since 20", os.Getpid(), host); !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	must(t, os.WriteFile(path+".holder", []byte("{"), 0o600))
	if got := refused(t, path); got != "another process" {
		t.Errorf("%q without a readable description", got)
	}
	must(t, l.Release())
	acquired(t, path)
}

func TestLockBelongsToTheFileAndNotToOneName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	must(t, os.Symlink("file", link))
	l := acquired(t, link) // creates its target
	if want, _ := filepath.EvalSymlinks(path); l.Path != want {
		t.Errorf("locked %s, want %s", l.Path, want)
	}
	refused(t, path)
	refused(t, link)
	if runtime.GOOS != "linux" {
		return // only Linux locks the file itself and lets an open file be renamed
	}
	renamed := filepath.Join(dir, "renamed")
	must(t, os.Rename(path, renamed))
	if got := refused(t, renamed); got != "another process" {
		t.Errorf("%q is not next to this name", got)
	}
	// The old name stays locked as well: files that go by it are still in use.
	must(t, os.WriteFile(path, nil, 0o600))
	refused(t, path)
}

// SQLite opens and closes the file while it is locked. A lock of the other kind that POSIX has
// would end with the first of these handles.
func TestLockOutlivesOtherHandlesOfTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	acquired(t, path)
	for range 2 {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		must(t, err)
		_, err = f.WriteString("other handles can write")
		must(t, errors.Join(err, f.Close()))
		refused(t, path)
	}
}

func TestFileWithSeveralNamesIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	must(t, os.WriteFile(path, []byte("x"), 0o600))
	must(t, os.Link(path, other))
	for _, name := range []string{path, other} {
		if _, err := Acquire(name); !errors.Is(err, ErrLinked) {
			t.Errorf("%s: %v, want ErrLinked", filepath.Base(name), err)
		}
	}
	must(t, os.Remove(other))
	acquired(t, path) // nothing that was refused holds it
}

func TestReplacedFileStaysLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, next := filepath.Join(dir, "file"), filepath.Join(dir, "next")
	l := acquired(t, path)
	must(t, os.WriteFile(next, []byte("new"), 0o600))
	must(t, l.Replace(next))
	refused(t, path)
	content := make([]byte, 3)
	if _, err := l.File.ReadAt(content, 0); err != nil || string(content) != "new" {
		t.Errorf("%q, %v", content, err)
	}
	if err := l.Replace(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want ErrNotExist", err)
	}
	if _, err := l.File.ReadAt(content, 0); err != nil || string(content) != "new" {
		t.Errorf("after an error: %q, %v", content, err)
	}
	if runtime.GOOS == "linux" {
		must(t, os.Rename(path, next))
		refused(t, next)
	}
}

func TestWhatIsNoFileIsNotLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if l, err := Acquire(dir); err == nil {
		_ = l.Release()
		t.Error("a directory was locked")
	}
	if _, err := Acquire(filepath.Join(dir, "missing", "file")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want ErrNotExist", err)
	}
	loop := filepath.Join(dir, "loop")
	must(t, os.Symlink("loop", loop))
	if _, err := Acquire(loop); err == nil {
		t.Error("a link to itself was locked")
	}
}
