package ledger

import (
	"errors"
	"fmt"
)

// ErrNotFound is wrapped by errors about an import that the ledger does not hold.
var ErrNotFound = errors.New("no such import in the ledger")

// ErrClosed is wrapped by errors about a journal that was used after its Close.
var ErrClosed = errors.New("the journal of this import is closed")

// A HeldError is the refusal of a ledger that another process works on.
type HeldError struct {
	// Path is the ledger.
	Path string
	// Holder describes the other process as far as it is known, such as "process 4711 on host a, since 12:04:05".
	Holder string
}

// Error names the ledger and its holder.
func (e *HeldError) Error() string {
	return fmt.Sprintf("ledger %s: held by %s", e.Path, e.Holder)
}

// A FileReason is why a file cannot be used as a ledger. Package advice has what
// to do about each.
type FileReason string

// Why a file cannot be used as a ledger.
const (
	FileForeign FileReason = "ledger-foreign"   // it is not a ledger
	FileTooNew  FileReason = "ledger-too-new"   // a newer version of Thingpress wrote it
	FileDamaged FileReason = "ledger-damaged"   // the database in it is damaged
	DiskFull    FileReason = "ledger-disk-full" // it cannot grow
	NoFile      FileReason = "ledger-no-file"   // there is no directory for it
)

// A FileError is a file that cannot be used as a ledger.
type FileError struct {
	// Path is the file; empty for [NoFile].
	Path   string
	Reason FileReason
	// Problem is what is wrong with the file.
	Problem string
	// Err is the cause; may be nil.
	Err error
}

// Error names file, problem and cause.
func (e *FileError) Error() string {
	text := "ledger"
	if e.Path != "" {
		text += " " + e.Path
	}
	if e.Problem != "" {
		text += ": " + e.Problem
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }
