// Package report presents an import that has ended: its outcomes as files (JSON Lines for
// machines, CSV for spreadsheets, HTML and Markdown for people), its counts as text, and its
// summary as a line of JSON.
package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
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

// New returns a writer for format, ".jsonl" or ".csv". Any other format is an error. The caller must call Flush after
// the last row. A Writer is not safe for concurrent use.
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
