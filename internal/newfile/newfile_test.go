package newfile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/thingpress/thingpress/internal/newfile"
)

// A download that breaks off must not leave half a report, nor destroy the one that was there.
func TestFailureLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.csv")
	if err := os.WriteFile(path, []byte("earlier"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("connection reset")
	err := newfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "earlier" {
		t.Errorf("the file is %q", got)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// A report that was made private stays private.
func TestReplacedFilePassesItsPermissionsOn(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := t.TempDir()
	ordinary := filepath.Join(dir, "ordinary")
	if err := os.WriteFile(ordinary, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	want, err := os.Stat(ordinary)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"new": want.Mode(), "private": 0o600, "public": 0o666} {
		path := filepath.Join(dir, name)
		if name != "new" {
			if err := errors.Join(os.WriteFile(path, nil, mode), os.Chmod(path, mode)); err != nil {
				t.Fatal(err)
			}
		}
		if err := newfile.Write(path, func(w io.Writer) error { _, err := io.WriteString(w, name); return err }); err != nil {
			t.Fatal(err)
		}
		got, err := os.Stat(path)
		if err != nil || got.Mode() != mode {
			t.Errorf("%s: %v, %v, want %v", name, err, got.Mode(), mode)
		}
	}
}

// As root, renaming over /dev/null would break the machine.
func TestDirectoriesAndDevicesAreNotReplaced(t *testing.T) {
	t.Parallel()
	for _, path := range []string{t.TempDir(), os.DevNull, filepath.Join(t.TempDir(), "none", "file")} {
		if err := newfile.Check(path); err == nil {
			t.Errorf("%s would be replaced", path)
		}
	}
}
