package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/thingpress/thingpress/internal/ledger"
)

func notALedger(path string) error {
	return &ledger.FileError{Path: path, Reason: ledger.FileForeign, Problem: "the file is not a ledger"}
}

func linkedLedger(path string, err error) error {
	return &ledger.FileError{Path: path, Reason: ledger.FileLinked, Err: err}
}

// explain adds the path of the ledger to an error of the database, and a reason if the file is
// foreign, damaged or full.
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
			return &ledger.FileError{Path: path, Reason: ledger.FileDamaged, Problem: "the file is damaged", Err: err}
		case sqlite3.SQLITE_FULL:
			return &ledger.FileError{Path: path, Reason: ledger.DiskFull, Problem: "the disk is full", Err: err}
		}
	}
	return fmt.Errorf("ledger %s: %w", path, err)
}
