// Package report presents an import that has ended: its outcomes as files (JSON Lines for
// machines, CSV for spreadsheets), its counts as text, and its summary as a line of JSON.
package report

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Row is one entry in a report. Its field names are those of the JSON lines and of the CSV
// header, and are stable.
type Row struct {
	Type           string                 `json:"type"` // "outcome"
	Import         string                 `json:"import"`
	Manifest       string                 `json:"manifest"`
	Entry          int                    `json:"entry"`
	Line           int                    `json:"line,omitempty"`
	Outcome        string                 `json:"outcome"`
	ID             string                 `json:"id,omitempty"`
	ThingName      string                 `json:"thing_name,omitempty"`
	CertificateID  manifest.CertificateID `json:"certificate_id,omitzero"`
	CertificateARN string                 `json:"certificate_arn,omitempty"`
	Reason         string                 `json:"reason,omitempty"`
	Detail         string                 `json:"detail,omitempty"`
	Steps          []ledger.Step          `json:"steps,omitempty"`
	At             time.Time              `json:"at"`
}

var header = []string{
	"import", "manifest", "entry", "line", "outcome", "id", "thing_name",
	"certificate_id", "certificate_arn", "reason", "detail", "steps", "at",
}

// A Writer writes rows in one format.
type Writer struct {
	write func(Row) error
	flush func() error
}

// New returns a writer for format, ".jsonl" or ".csv".
func New(w io.Writer, format string) (*Writer, error) {
	switch strings.ToLower(format) {
	case ".jsonl":
		buffer := bufio.NewWriterSize(w, 64<<10)
		encoder := json.NewEncoder(buffer)
		encoder.SetEscapeHTML(false)
		return &Writer{write: func(r Row) error { return encoder.Encode(r) }, flush: buffer.Flush}, nil
	case ".csv":
		table := csv.NewWriter(w)
		if err := table.Write(header); err != nil {
			return nil, err
		}
		return &Writer{
			write: func(r Row) error { return table.Write(r.cells()) },
			flush: func() error { table.Flush(); return table.Error() },
		}, nil
	}
	return nil, fmt.Errorf("report format %q is neither .jsonl nor .csv", format)
}

// Write writes one row.
func (w *Writer) Write(r Row) error { return w.write(r) }

// Flush writes buffered rows.
func (w *Writer) Flush() error { return w.flush() }

func (r Row) cells() []string {
	line := ""
	if r.Line > 0 {
		line = strconv.Itoa(r.Line)
	}
	steps := make([]string, len(r.Steps))
	for i, s := range r.Steps {
		steps[i] = s.Operation
		if s.Resource != "" {
			steps[i] += " " + s.Resource
		}
		if s.Created {
			steps[i] += " (created)"
		}
	}
	cells := []string{
		r.Import, r.Manifest, strconv.Itoa(r.Entry), line, r.Outcome, r.ID, r.ThingName,
		r.CertificateID.String(), r.CertificateARN, r.Reason, r.Detail, strings.Join(steps, "; "), r.At.UTC().Format(time.RFC3339),
	}
	for i := range cells {
		cells[i] = disarm(cells[i])
	}
	return cells
}

// disarm keeps spreadsheets from interpreting text of a manifest as a formula (CWE-1236).
func disarm(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// RowOf returns the row of a record of an import.
func RowOf(i ledger.Import, r ledger.Record) Row {
	name := strconv.Itoa(r.Manifest)
	if r.Manifest < len(i.Manifests) {
		name = i.Manifests[r.Manifest].Name
	}
	return Row{
		Type: "outcome", Import: i.ID, Manifest: name, Entry: r.Entry, Line: r.Line,
		Outcome: string(r.Outcome), ID: r.ID, ThingName: r.ThingName,
		CertificateID: r.CertificateID, CertificateARN: r.CertificateARN,
		Reason: r.Reason, Detail: r.Detail, Steps: r.Steps, At: r.At.UTC(),
	}
}

// A File is a report file that gets its name only when it is complete.
type File struct {
	path string
	temp *os.File
}

// Create prepares a report at path, so that a path that cannot be written is detected before an
// import begins.
func Create(path string) (*File, error) {
	if _, err := New(io.Discard, filepath.Ext(path)); err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", path, err)
	}
	return &File{path: path, temp: temp}, nil
}

// Write writes the records of an import and gives the file its name.
func (f *File) Write(i ledger.Import, records iter.Seq2[ledger.Record, error]) error {
	if err := f.fill(i, records); err != nil {
		return fmt.Errorf("report %s: %w", f.path, err)
	}
	return nil
}

func (f *File) fill(i ledger.Import, records iter.Seq2[ledger.Record, error]) error {
	w, err := New(f.temp, filepath.Ext(f.path))
	if err != nil {
		return err
	}
	for record, err := range records {
		if err != nil {
			return err
		}
		if err := w.Write(RowOf(i, record)); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := errors.Join(f.temp.Chmod(0o644), f.temp.Sync(), f.temp.Close()); err != nil {
		return err
	}
	return os.Rename(f.temp.Name(), f.path)
}

// Discard removes the file unless it is complete.
func (f *File) Discard() error {
	_ = f.temp.Close() // it is already closed if it is complete
	if err := os.Remove(f.temp.Name()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
