package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/filelock"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/spool"
)

// journalPath returns the path of the journal of an export to --out. An export of something else has another one.
func (o *options) journalPath(from ledger.Target) (string, error) {
	text, err := json.Marshal([]any{from, o.group, o.query})
	return fmt.Sprintf("%s.partial-%.4x", o.out, sha256.Sum256(text)), err
}

// openJournal opens the journal of an export, and reports whether it has things of an earlier run. Without --out it
// has no name.
func (o *options) openJournal(from ledger.Target) (j *journal, resumes bool, err error) {
	if o.out == "" {
		held, err := spool.Create("")
		if err != nil {
			return nil, false, err
		}
		return &journal{file: held.File}, false, nil
	}
	path, err := o.journalPath(from)
	if err != nil {
		return nil, false, err
	}
	f, err := filelock.Open(path)
	var held *filelock.HeldError
	if errors.As(err, &held) {
		err = exit.WithHint(fmt.Errorf("%s: %w", path, held), "wait until the other export has ended, or name another file with --out")
	}
	if err != nil {
		return nil, false, err
	}
	if o.fresh {
		if err := f.Truncate(0); err != nil {
			return nil, false, errors.Join(err, f.Close())
		}
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, false, err
	}
	return &journal{file: f, path: path}, info.Size() > 0, nil
}

// close closes the journal. It removes a journal that is empty or that is no longer needed, and reports whether it
// remains.
func (j *journal) close(needed bool) (remains bool) {
	info, err := j.file.Stat()
	_ = j.file.Close() // every line was written
	if j.path == "" {
		return false
	}
	if !needed || err == nil && info.Size() == 0 {
		return os.Remove(j.path) != nil
	}
	return true
}

// A fileLine is a file of an export.
type fileLine struct {
	Path    string `json:"path"`
	Devices int    `json:"devices"`
}

// A book is a file with the entries of a sheet.
type book struct {
	fileLine
	file    *newfile.File
	buffer  *bufio.Writer
	encoder *json.Encoder
}

func newBook(to io.Writer) *book {
	b := &book{buffer: bufio.NewWriterSize(to, 64<<10)}
	b.encoder = json.NewEncoder(plain.JSONWriter(b.buffer)) // a terminal may show the file
	b.encoder.SetEscapeHTML(false)
	return b
}

// copyTo writes the entries in the journal to standard output.
func (j *journal) copyTo(out io.Writer) error {
	b := newBook(out)
	for line, err := range j.lines() {
		if err != nil {
			return err
		}
		for _, c := range line.Certificates {
			if err := b.encoder.Encode(c.Entry); err != nil {
				return err
			}
		}
	}
	return b.buffer.Flush()
}

// writeFiles writes the entries in the journal into a file for each sheet. The files get their names when all of them
// are complete. A sheet without entries gets none.
func (j *journal) writeFiles(out string) (files []fileLine, err error) {
	var books [maxSheets]*book
	defer func() {
		for _, b := range books {
			if b != nil {
				_ = b.file.Discard() // it may have been kept
			}
		}
	}()
	for line, err := range j.lines() {
		if err != nil {
			return nil, err
		}
		for _, c := range line.Certificates {
			b := books[c.Sheet]
			if b == nil {
				path := sheetPath(out, c.Sheet)
				f, err := newfile.Create(path)
				if err != nil {
					return nil, err
				}
				b = newBook(f)
				b.file, b.Path, books[c.Sheet] = f, path, b
			}
			b.Devices++
			if err := b.encoder.Encode(c.Entry); err != nil {
				return nil, err
			}
		}
	}
	for _, b := range books {
		if b == nil {
			continue
		}
		if err := b.buffer.Flush(); err != nil {
			return nil, err
		}
		if err := b.file.Keep(); err != nil {
			return files, err
		}
		files = append(files, b.fileLine)
	}
	return files, nil
}
