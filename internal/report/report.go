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
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
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

const rowType = "outcome"

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
		encoder := json.NewEncoder(plain.JSONWriter(buffer))
		encoder.SetEscapeHTML(false)
		return &Writer{write: func(r Row) error { return encoder.Encode(r) }, flush: buffer.Flush}, nil
	case ".csv":
		buffer := bufio.NewWriterSize(w, 64<<10)
		write := func(cells []string) error {
			for i := range cells {
				cells[i] = plain.Cell(cells[i])
			}
			_, err := buffer.WriteString(strings.Join(cells, ",") + "\n")
			return err
		}
		if err := write(slices.Clone(header)); err != nil {
			return nil, err
		}
		return &Writer{write: func(r Row) error { return write(r.cells()) }, flush: buffer.Flush}, nil
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
	return []string{
		r.Import, r.Manifest, strconv.Itoa(r.Entry), line, r.Outcome, r.ID, r.ThingName,
		r.CertificateID.String(), r.CertificateARN, r.Reason, r.Detail, strings.Join(steps, "; "), r.At.UTC().Format(time.RFC3339),
	}
}

// RowOf returns the row of a record of an import.
func RowOf(i ledger.Import, r ledger.Record) Row {
	name := strconv.Itoa(r.Manifest)
	if r.Manifest < len(i.Manifests) {
		name = i.Manifests[r.Manifest].Name
	}
	return Row{
		Type: rowType, Import: i.ID, Manifest: name, Entry: r.Entry, Line: r.Line,
		Outcome: string(r.Outcome), ID: r.ID, ThingName: r.ThingName,
		CertificateID: r.CertificateID, CertificateARN: r.CertificateARN,
		Reason: r.Reason, Detail: r.Detail, Steps: r.Steps, At: r.At.UTC(),
	}
}

// Check returns an error if [WriteFile] cannot write path. It leaves nothing behind, so that it can
// be called before an import of hours.
func Check(path string) error {
	_, err := New(io.Discard, filepath.Ext(path))
	if err == nil {
		err = newfile.Check(path)
	}
	if err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return nil
}

// ImportIn returns the ID of the import whose report is at path. It returns an error that wraps
// [fs.ErrNotExist] if there is no file, and [ErrNoReport] if it is something else.
func ImportIn(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	from := bufio.NewReader(io.LimitReader(file, 1<<20))
	var row Row
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		table := csv.NewReader(from)
		names, err := table.Read()
		if err != nil || !slices.Equal(names, header) {
			return "", fmt.Errorf("%s: %w", path, ErrNoReport)
		}
		if cells, err := table.Read(); err == nil {
			row.Import = cells[0]
		}
	} else if err := json.NewDecoder(from).Decode(&row); err != nil || row.Type != rowType {
		return "", fmt.Errorf("%s: %w", path, ErrNoReport)
	}
	return row.Import, nil
}

// ErrNoReport is wrapped by the error about a file that is no report of an import.
var ErrNoReport = errors.New("not the report of an import")

// WriteFile writes the records of an import to path. The extension selects the format. The file
// appears when it is complete; after an error an earlier file stays as it is.
func WriteFile(path string, i ledger.Import, records iter.Seq2[ledger.Record, error]) error {
	err := newfile.Write(path, func(to io.Writer) error { return writeRecords(to, filepath.Ext(path), i, records) })
	if err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return nil
}

func writeRecords(to io.Writer, format string, i ledger.Import, records iter.Seq2[ledger.Record, error]) error {
	w, err := New(to, format)
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
	return w.Flush()
}
