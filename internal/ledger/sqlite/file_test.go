package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

func TestSecondImportIsToldWhoHoldsTheLedger(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	open(t, path)
	_, err := sqlite.Open(t.Context(), path)
	var held *ledger.HeldError
	if !errors.As(err, &held) {
		t.Fatalf("second Open: %v, want a HeldError", err)
	}
	host, _ := os.Hostname()
	for _, part := range []string{path, "process ", host, "since 20"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not contain %q", err, part)
		}
	}
}

func TestClosedLedgerCanBeOpenedAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	for range 3 {
		l, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	left, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 2 { // the ledger and the lock file
		t.Errorf("left behind: %q", left)
	}
}

func TestReadingNeedsNoLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path)
	begin(t, l, "first")
	r, err := sqlite.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	begin(t, l, "second") // and sees later writes
	for _, key := range []string{"first", "second"} {
		if _, err := r.Find(t.Context(), key); err != nil {
			t.Error(err)
		}
	}
}

func TestReadOnlyLookAtNothingSaysSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := sqlite.OpenReadOnly(t.Context(), filepath.Join(dir, "none.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, want fs.ErrNotExist", err)
	}
	empty := filepath.Join(dir, "empty.db")
	write(t, empty, "")
	if _, err := sqlite.OpenReadOnly(t.Context(), empty); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty file: %v, want fs.ErrNotExist", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "none*")); len(left) > 0 {
		t.Errorf("reading created %q", left)
	}
}

func TestLedgerIsForTheUserAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	dir := filepath.Join(t.TempDir(), "a", "b")
	l := open(t, filepath.Join(dir, "ledger.db"))
	begin(t, l, "k")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", entry.Name(), info.Mode())
		}
	}
	if len(entries) < 4 { // database, WAL, lock, holder; and shared memory
		t.Errorf("only %d files", len(entries))
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v", info.Mode(), err)
	}
}

func TestPathsMayHoldAnything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a b.db", "50%.db", "who?.db", "#1.db", "ü&x=y.db", "file:x.db"} {
		path := filepath.Join(dir, name)
		begin(t, open(t, path), "k")
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestForeignAndDamagedFilesAreExplainedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		make func(t *testing.T, path string)
		want string
	}{
		{"text", func(t *testing.T, path string) { write(t, path, "MAC,cn,cert\r\n and more than a page of it") }, "not a ledger"},
		{"short text", func(t *testing.T, path string) { write(t, path, "x") }, "not a ledger"},
		{"cut magic", func(t *testing.T, path string) { write(t, path, "SQLite") }, "not a ledger"},
		{"only magic", func(t *testing.T, path string) {
			write(t, path, "SQLite format 3\x00"+strings.Repeat("\xff", 4096))
		}, "not a ledger"},
		{"other application", func(t *testing.T, path string) { run(t, path, `CREATE TABLE t (a)`) }, "not a ledger"},
		{"other application's ID", func(t *testing.T, path string) { run(t, path, `PRAGMA application_id = 7`) }, "not a ledger"},
		{"newer", func(t *testing.T, path string) {
			ledgerAt(t, path, 0)
			run(t, path, `PRAGMA user_version = 4`)
		}, "newer Thingpress (format 4, this one knows 3)"},
		{"damaged", func(t *testing.T, path string) {
			ledgerAt(t, path, 0)
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if _, err := file.WriteAt([]byte(strings.Repeat("\x5a", 900)), 100); err != nil {
				t.Fatal(err)
			}
		}, "damaged"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			test.make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for what, open := range map[string]func(context.Context, string) error{
				"Open":         func(ctx context.Context, p string) error { _, err := sqlite.Open(ctx, p); return err },
				"OpenReadOnly": func(ctx context.Context, p string) error { _, err := sqlite.OpenReadOnly(ctx, p); return err },
			} {
				err := open(t.Context(), path)
				var file *ledger.FileError
				if !errors.As(err, &file) || !strings.Contains(err.Error(), test.want) || advice.Of(err, advice.CLI).Todo == "" {
					t.Errorf("%s: %v, want a FileError with %q and something to do", what, err, test.want)
				}
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the file was changed (%v)", err)
			}
			if _, err := os.Stat(path + ".holder"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the lock was not released: %v", err)
			}
		})
	}
}

// begin starts an import of 1,000 entries.
func begin(t *testing.T, l *sqlite.Ledger, key string) ledger.Journal {
	t.Helper()
	j, err := l.Begin(t.Context(), importOf(key, 1000))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func importOf(key string, entries int) ledger.Import {
	return ledger.Import{
		ID: "id-" + key, Key: key, Begun: time.Unix(1, 0),
		Target:    ledger.Target{Partition: "aws", Account: "123456789012", Region: "eu-west-1"},
		Manifests: []ledger.Manifest{{Name: "reel.csv", Entries: entries}},
	}
}

// ledgerAt creates a closed ledger at path, with the records of one import.
func ledgerAt(t *testing.T, path string, records int) {
	t.Helper()
	l, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := l.Begin(t.Context(), importOf("k", records))
	if err == nil {
		for n := range records {
			err = errors.Join(err, j.Record(t.Context(), []ledger.Record{{Place: ledger.Place{Entry: n}, Outcome: ledger.Imported}}))
		}
	}
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run executes SQL on the file while no ledger has it open.
func run(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), text)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
