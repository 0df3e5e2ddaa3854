package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// Two imports in one ledger count each other's entries, so it must not matter by which name
// the second one opens it.
func TestSecondImportIsRefusedUnderAnyName(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(t *testing.T, dir, path string) string{
		"link to the file": func(t *testing.T, dir, path string) string {
			return linked(t, os.Symlink, path, filepath.Join(dir, "link.db"))
		},
		"relative link to a link": func(t *testing.T, dir, path string) string {
			linked(t, os.Symlink, filepath.Base(path), filepath.Join(filepath.Dir(path), "first.db"))
			return linked(t, os.Symlink, filepath.Join("real", "first.db"), filepath.Join(dir, "second.db"))
		},
		"link to the directory": func(t *testing.T, dir, path string) string {
			return filepath.Join(linked(t, os.Symlink, filepath.Dir(path), filepath.Join(dir, "link")), filepath.Base(path))
		},
		"path with dots": func(t *testing.T, dir, path string) string {
			return filepath.Dir(path) + "/../real/./" + filepath.Base(path)
		},
		"renamed": func(t *testing.T, dir, path string) string {
			if runtime.GOOS != "linux" {
				t.Skip("only Linux locks the file itself and lets an open file be renamed")
			}
			return linked(t, os.Rename, path, filepath.Join(dir, "renamed.db"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "real", "ledger.db")
			begin(t, open(t, path), "k")
			again := other(t, dir, path)
			l, err := sqlite.Open(t.Context(), again)
			if err == nil {
				_ = l.Close() // the test has failed
			}
			var held *ledger.HeldError
			if !errors.As(err, &held) || held.Path != again {
				t.Errorf("second Open: %v, want a HeldError that names %s", err, again)
			}
		})
	}
}

// linked gives a file another name, which it returns.
func linked(t *testing.T, link func(from, to string) error, from, to string) string {
	t.Helper()
	if err := link(from, to); err != nil {
		t.Fatal(err)
	}
	return to
}

// The first import through a link that leads nowhere creates the ledger at its target, and
// readers that come by either name see the same.
func TestLinkAndTargetAreOneLedger(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	link := linked(t, os.Symlink, "ledger.db", filepath.Join(dir, "link.db"))
	begin(t, open(t, link), "k")
	for _, name := range []string{path, link} {
		r, err := sqlite.OpenReadOnly(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Find(t.Context(), "k"); err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := filepath.Glob(link + "?*"); err != nil || len(left) > 0 {
		t.Errorf("%q next to the link, %v", left, err)
	}
}

// SQLite's files next to a database have the name by which it was opened. By its other name the
// ledger would lack the last records.
func TestLedgerWithSecondNameIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	ledgerAt(t, path, 3)
	other := linked(t, os.Link, path, filepath.Join(dir, "other.db"))
	for _, name := range []string{path, other} {
		_, err := sqlite.Open(t.Context(), name)
		_, readErr := sqlite.OpenReadOnly(t.Context(), name)
		for _, err := range []error{err, readErr} {
			var file *ledger.FileError
			if !errors.As(err, &file) || file.Reason != ledger.FileLinked || !strings.Contains(err.Error(), name) ||
				advice.Of(err, advice.CLI).Todo == "" {
				t.Errorf("%v, want a FileError that names %s and something to do", err, name)
			}
		}
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}
