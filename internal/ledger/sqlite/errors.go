package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A FileError says that a file cannot be used as a ledger, and what to do.
type FileError struct {
	// Path is the file.
	Path string
	// Problem is what is wrong with it.
	Problem string
	// Err is the cause; may be nil.
	Err error

	hint string
}

// Error names file, problem and cause.
func (e *FileError) Error() string {
	text := "ledger " + e.Path + ": " + e.Problem
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Hint says what to do.
func (e *FileError) Hint() string { return e.hint }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

func notALedger(path string) error {
	return &FileError{
		Path: path, Problem: "this is not a ledger of Thingpress",
		hint: "choose another file with --ledger; this one was left as it is",
	}
}

func tooNew(path string, version int) error {
	return &FileError{
		Path:    path,
		Problem: fmt.Sprintf("written by a newer Thingpress (format %d, this one knows %d)", version, schemaVersion),
		hint:    "use that version, or choose another file with --ledger",
	}
}

// explain gives an error of the database the ledger's name, and a way out
// where the file is damaged or full.
func explain(path string, err error) error {
	if err == nil {
		return nil
	}
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		switch failure.Code() & 0xff { // the low byte is the primary code
		case sqlite3.SQLITE_NOTADB:
			return notALedger(path)
		case sqlite3.SQLITE_CORRUPT:
			return &FileError{
				Path: path, Problem: "the file is damaged", Err: err,
				hint: "move it away and import again: what is in AWS already will be found there and left unchanged",
			}
		case sqlite3.SQLITE_FULL:
			return &FileError{
				Path: path, Problem: "the disk is full", Err: err,
				hint: "make room and run the same command again, which resumes",
			}
		}
	}
	return fmt.Errorf("ledger %s: %w", path, err)
}
