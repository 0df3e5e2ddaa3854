package ledger

import (
	"errors"
	"fmt"
)

// ErrNotFound is wrapped by errors about an import that is not in the ledger.
var ErrNotFound = errors.New("no such import in the ledger")

// ErrClosed is wrapped by errors about a journal that is used after Close.
var ErrClosed = errors.New("the journal of this import is closed")

// A HeldError is returned for a ledger that another process uses.
type HeldError struct {
	// Path is the file of the ledger.
	Path string
	// Holder describes the other process if it is known, such as "process 4711 on host a, since
	// 12:04:05".
	Holder string
}

// Error names the ledger and its holder.
func (e *HeldError) Error() string {
	return fmt.Sprintf("ledger %s: held by %s", e.Path, e.Holder)
}

// A FileReason is the reason why a file cannot be used as a ledger. Package advice has a remedy
// for each.
type FileReason string

// Reasons of a [FileError].
const (
	FileForeign FileReason = "ledger-foreign"   // it is not a ledger
	FileTooNew  FileReason = "ledger-too-new"   // a newer version of Thingpress wrote it
	FileDamaged FileReason = "ledger-damaged"   // the database in it is damaged
	DiskFull    FileReason = "ledger-disk-full" // it cannot grow
	NoFile      FileReason = "ledger-no-file"   // there is no directory for it
	FileLinked  FileReason = "ledger-linked"    // it has more than one name
	FileRemote  FileReason = "ledger-remote"    // it is on a network file system
)

// A FileError is returned if a file cannot be used as a ledger.
type FileError struct {
	// Path is the file; empty for [NoFile].
	Path   string
	Reason FileReason
	// Problem describes what is wrong with the file.
	Problem string
	// Err is the cause, or nil.
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
