package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestResetEmptiesEveryStateAndNoOtherFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		emptied bool
	}{
		"empty":            {"", true},
		"the magic, cut":   {magic[:9], true},
		"version 2":        {magic + "00000000 {}\n", true},
		"damaged":          {magic + "rubbish\nrubbish\n", true},
		"version 1":        {magicV1 + "\x01", true},
		"a private file":   {"MAC,cn,cert\n", false},
		"a future version": {strings.Replace(magic, "2", "3", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "state")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := Reset(path)
			left, readErr := os.ReadFile(path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if want := map[bool]string{true: "", false: c.content}[c.emptied]; string(left) != want || (err == nil) != c.emptied {
				t.Errorf("error %v, %q is left, want %q", err, left, want)
			}
		})
	}
}

// A sandbox that is serving would otherwise continue to append after a hole.
func TestResetLeavesAnOpenStateAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	if err := Reset(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v for a missing file", err)
	}
	j, err := Open(path, func(int, []byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := Reset(path); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v, want ErrLocked", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil && runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege on Windows")
	} else if err != nil {
		t.Fatal(err)
	}
	if err := Reset(link); err != nil {
		t.Errorf("through a link: %v", err)
	}
}
