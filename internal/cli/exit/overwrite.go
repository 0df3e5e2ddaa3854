package exit

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/report"
)

const hintOverwrite = "name another file, or replace this one with --overwrite"

// Occupied returns a usage error if a command would replace the file at path without --overwrite.
// A command calls it before it reads or calls anything.
func Occupied(path string, overwrite bool) error {
	err := newfile.Free(path)
	if err == nil || overwrite && errors.Is(err, fs.ErrExist) {
		return nil
	}
	return UsageError(err, hintOverwrite)
}

// OccupiedReport is like [Occupied] for a report, which may replace the one of the same import.
// It returns the ID of the import whose report is at path; "" if path is free or overwrite is set.
func OccupiedReport(path string, overwrite bool) (id string, err error) {
	if overwrite {
		return "", nil
	}
	id, err = report.ImportIn(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", UsageError(fmt.Errorf("report: %w", err), hintOverwrite)
	}
	return id, nil
}

// OtherReport returns a usage error if the report at path is of the import found, and not of id.
func OtherReport(path, found, id string) error {
	if found == "" || found == id {
		return nil
	}
	return UsageError(fmt.Errorf("report: %s is the report of import %s", path, found), hintOverwrite)
}
