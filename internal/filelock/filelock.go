// Package filelock lets one process at a time use a file, whatever name it has.
//
// A lock consists of two locks of the operating system, which releases them when the process
// ends, however it ends. One is on a file next to the locked one, with the suffix ".lock". It
// guards the name, since other files go by it, such as those that SQLite keeps next to a
// database, and the file may be replaced by another one. The other one is on a byte of the file
// itself. It guards the file if it is renamed while it is in use, or has other names in other
// places, as in containers. Only Linux and Windows have it: elsewhere a program can only lock
// all of a file, which would disturb SQLite, or loses its lock when it closes another handle.
//
// On network file systems a lock excludes other machines only if the server and the mount
// support locks.
package filelock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// ErrLinked is wrapped if a file has several names (hard links). Files next to it, and a file
// that replaces it, would belong to one of the names only.
var ErrLinked = errors.New("the file has more than one name (hard links)")

// A HeldError is returned by [Acquire] for a file that another process holds.
type HeldError struct {
	// Holder describes the other process if it is known, such as "process 4711 on host a, since
	// 2026-03-01T12:04:05Z".
	Holder string
}

// Error names the holder.
func (e *HeldError) Error() string { return "held by " + e.Holder }

// A Lock is a locked file. Its methods must not be called concurrently.
type Lock struct {
	// File is open for reading and writing. It must not be closed.
	File *os.File
	// Path is that of the file, without symbolic links.
	Path string

	name *flock.Flock
}

// lockedByte is the byte that is locked. It is after the end of any file, so that it is
// neither read nor written, and SQLite locks other bytes.
const lockedByte = 1 << 62

// Acquire locks the file at path, or the one that it links to. If the file is missing, Acquire
// creates it, readable by the user alone. The error is a *[HeldError] if another process holds
// the file, and wraps [ErrLinked] if it has several names.
func Acquire(path string) (*Lock, error) {
	created, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	_ = created.Close() // nothing was written
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	l := &Lock{Path: path, name: flock.New(path+".lock", flock.SetPermissions(0o600))}
	got, err := l.name.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if !got {
		return nil, &HeldError{describe(l.holder())}
	}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.name.Close())
	}
	if err := l.sign(); err != nil {
		return nil, fmt.Errorf("lock: %w", errors.Join(err, l.Release()))
	}
	return l, nil
}

// Open opens the file at path for reading and writing, creates it if it is missing, and locks it until it is
// closed, on Linux and Windows. In contrast to [Acquire] it makes no file next to it, so that it must not be used
// for a file that is renamed or replaced. The error is a *[HeldError] if another process has it open like this.
func Open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666) //nolint:gosec // the umask decides
	if err != nil {
		return nil, err
	}
	got, err := lockByte(file)
	if err == nil && !got {
		err = &HeldError{describe("")}
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, err
	}
	return file, nil
}

// IsHeld reports whether a process holds the file at path. Another process that tries to acquire
// the file at the same moment may find it held, except on Linux.
//
// A process that holds POSIX locks of the file, as SQLite does while a database is open, must
// not call IsHeld: it opens and closes the file, and the process would lose them.
func IsHeld(path string) (bool, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false, err
	}
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return isLocked(file, path)
}

func (l *Lock) open() error {
	l.File = nil
	file, err := os.OpenFile(l.Path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	got, err := lockByte(file)
	switch {
	case err != nil:
		err = fmt.Errorf("lock: %w", err)
	case !got: // under another name, which its description is next to
		err = &HeldError{describe("")}
	default:
		err = CheckNames(file)
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return err
	}
	l.File = file
	return nil
}

// CheckNames returns an error that wraps [ErrLinked] if a file has several names.
func CheckNames(file *os.File) error {
	n, err := countNames(file)
	if err == nil && n > 1 {
		err = ErrLinked
	}
	return err
}

// Replace replaces the file by another one, at the path next, which must not be open. The other
// file is then locked. If that fails, File is nil, or open with its previous content.
func (l *Lock) Replace(next string) error {
	// Windows cannot replace a file that is open.
	err := l.File.Close()
	if err == nil {
		err = os.Rename(next, l.Path)
	}
	if err == nil {
		syncDirectory(filepath.Dir(l.Path))
	}
	return errors.Join(err, l.open())
}

// syncDirectory makes a rename survive a power failure on systems that support it; Windows does
// not.
func syncDirectory(path string) {
	if d, err := os.Open(path); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// Release closes the file and releases it for other processes. The lock file stays. If it were
// removed, two processes could lock two files of the same name.
func (l *Lock) Release() error {
	var errs []error
	if l.File != nil {
		errs = append(errs, l.File.Close())
	}
	if err := os.Remove(l.holder()); !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, l.name.Close())...)
}

// holder describes the process that has the lock, for people. It is in a file of its own,
// because on Windows other processes cannot read a locked file.
type holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func (l *Lock) holder() string { return l.Path + ".holder" }

func (l *Lock) sign() error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	text, err := json.Marshal(holder{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	return os.WriteFile(l.holder(), append(text, '\n'), 0o600)
}

// describe returns a description of the process whose holder file is at path.
func describe(path string) string {
	var h holder
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &h) != nil || h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d on host %s, since %s", h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}
