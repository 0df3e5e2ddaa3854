// Package sqlite keeps a ledger in one SQLite file on one machine.
//
// The writer holds a lock, so that two imports never use the same ledger. Readers need no lock
// and disturb nobody. The file is in WAL mode with synchronous=FULL: data that a method of the
// journal acknowledged survives a crash of the process or the machine. WAL needs memory that all
// processes share (https://sqlite.org/wal.html), so a ledger on a network file system is only
// read.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the database/sql driver

	"github.com/thingpress/thingpress/internal/filelock"
	"github.com/thingpress/thingpress/internal/ledger"
)

// A Ledger is open for imports. It implements [ledger.Ledger].
type Ledger struct {
	*Reader
	// Copy is the path of the copy that Open made before it upgraded the file, or empty.
	Copy string

	writer *writer
	lock   *filelock.Lock
}

var (
	_ ledger.Ledger = (*Ledger)(nil)
	_ ledger.Reader = (*Reader)(nil)
)

// Open opens the ledger at path for imports. If it is missing, Open creates the file and its
// directory, readable by the user alone. It copies a ledger of an older format and upgrades it. The
// error is a *[ledger.HeldError] if another import uses the ledger, and a *[ledger.FileError] if the
// file cannot be used as one.
func Open(ctx context.Context, path string) (*Ledger, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	lock, err := acquire(path)
	if err != nil {
		return nil, err
	}
	l, err := openLocked(ctx, lock, remoteFileSystem)
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return l, nil
}

// acquire takes the lock of the ledger at path. If the file is missing it is created readable
// by the user alone, which SQLite would not do. The files that SQLite creates next to it get the
// permissions of this one.
func acquire(path string) (*filelock.Lock, error) {
	lock, err := filelock.Acquire(path)
	var held *filelock.HeldError
	switch {
	case errors.As(err, &held):
		return nil, &ledger.HeldError{Path: path, Holder: held.Holder}
	case errors.Is(err, filelock.ErrLinked):
		return nil, linkedLedger(path, err)
	case err != nil:
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	return lock, nil
}

// openLocked opens the locked file. Remote returns the name of the network file system that a
// path is on, or "".
func openLocked(ctx context.Context, lock *filelock.Lock, remote func(path string) string) (*Ledger, error) {
	path := lock.Path
	if name := remote(path); name != "" {
		return nil, &ledger.FileError{Path: path, Reason: ledger.FileRemote, Problem: "the file is on a network file system (" + name + ")"}
	}
	if err := looksLikeSQLite(lock.File, path); err != nil {
		return nil, err
	}
	// A foreign database must be refused before the journal mode is set, which writes to the
	// file.
	reader, err := openReader(ctx, path)
	empty := errors.Is(err, fs.ErrNotExist)
	if err != nil && !empty {
		return nil, err
	}
	version := 0
	if reader != nil {
		version = reader.version
	}
	writer, copied, err := openWriter(ctx, path, version)
	if err == nil && empty {
		if reader, err = openReader(ctx, path); err != nil {
			err = errors.Join(err, writer.close())
		}
	}
	if err != nil {
		if reader != nil {
			err = errors.Join(err, reader.Close())
		}
		return nil, err
	}
	reader.version = schemaVersion
	return &Ledger{Reader: reader, Copy: copied, writer: writer, lock: lock}, nil
}

// openWriter opens a ledger of a format, which is 0 for an empty file, and upgrades it.
func openWriter(ctx context.Context, path string, version int) (_ *writer, copied string, _ error) {
	db, err := sql.Open("sqlite", dataSource(path, "rwc", "journal_mode(wal)", "synchronous(full)",
		"fullfsync(true)", "checkpoint_fullfsync(true)", // without these, macOS leaves data in the disk's cache
		"journal_size_limit(67108864)"))
	if err != nil {
		return nil, "", explain(path, err)
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; waiting in Go is cheaper than in SQLite
	var w *writer
	if version > 0 && version < schemaVersion {
		copied, err = copyBefore(ctx, db, path, version)
	}
	if err == nil && version < schemaVersion {
		err = upgrade(ctx, db, version)
	}
	if err == nil {
		w, err = newWriter(ctx, db, path)
	}
	if err != nil {
		return nil, "", explain(path, errors.Join(err, db.Close()))
	}
	return w, copied, nil
}

// IsOpen reports whether a process has the ledger at path open for imports. Imports in
// [ledger.StateRunning] of a ledger that nobody has open were killed. It must not be called while
// this process has the ledger open, even for reading only.
func IsOpen(path string) (bool, error) { return filelock.IsHeld(path) }

// Close closes the ledger and releases it for other processes. Iterations in progress fail.
func (l *Ledger) Close() error {
	return errors.Join(l.Reader.Close(), l.writer.close(), l.lock.Release())
}

// OpenReadOnly opens the ledger at path for reading, even while an import uses it. The error
// wraps [fs.ErrNotExist] if there is none.
func OpenReadOnly(ctx context.Context, path string) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	err = looksLikeSQLite(file, path)
	if err == nil {
		if err = filelock.CheckNames(file); err != nil {
			err = linkedLedger(path, err)
		}
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return openReader(ctx, path)
}

func openReader(ctx context.Context, path string) (*Reader, error) {
	db, err := sql.Open("sqlite", dataSource(path, "ro", "query_only(true)"))
	if err != nil {
		return nil, explain(path, err)
	}
	db.SetMaxOpenConns(maxReaders)
	version, err := identify(ctx, db, path)
	if err == nil && version == 0 {
		// Another process is about to fill it, or died before it did.
		err = fmt.Errorf("ledger %s: it is empty: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Reader{db: db, path: path, version: version}, nil
}

const (
	// maxReaders limits the memory of concurrent iterations.
	maxReaders = 8
	// cacheKiB limits the page cache of one connection.
	cacheKiB = 2048
)

func dataSource(path, mode string, pragmas ...string) string {
	slashed := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		slashed = "/" + slashed // file:///C:/…
	}
	query := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	query.Add("_pragma", "busy_timeout(10000)")
	query.Add("_pragma", fmt.Sprintf("cache_size(-%d)", cacheKiB))
	// On macOS, fsync leaves data in the cache of the disk. Elsewhere these change nothing.
	query.Add("_pragma", "fullfsync(on)")
	query.Add("_pragma", "checkpoint_fullfsync(on)")
	for _, pragma := range pragmas {
		query.Add("_pragma", pragma)
	}
	return "file:" + (&url.URL{Path: slashed}).EscapedPath() + "?" + query.Encode()
}

// looksLikeSQLite refuses a foreign file before SQLite opens it. SQLite takes some foreign
// files for empty databases and writes to them.
func looksLikeSQLite(file *os.File, path string) error {
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	n, _ := file.ReadAt(head, 0) // SQLite reports errors of reading
	switch {
	case n == 0:
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return notALedger(path)
		}
		return nil
	case !strings.HasPrefix(string(head[:n]), magic):
		return notALedger(path)
	}
	return nil
}
