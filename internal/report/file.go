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
	"regexp"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
)

// A Source is an import to report.
type Source struct {
	Import ledger.Import
	About  About
	// Advised is the import for orders that name it.
	Advised advice.Import
	// Records yields the records of the import. Some formats read them twice.
	Records func() iter.Seq2[ledger.Record, error]
	// Outcomes are those of the entries to list; nil for all. The numbers are always those of all entries.
	Outcomes []ledger.Outcome
}

// RowExtensions returns the extensions of the formats of [New], each with its dot.
func RowExtensions() []string { return []string{".jsonl", ".csv"} }

// Extensions returns the extensions of all formats, each with its dot.
func Extensions() []string { return append(RowExtensions(), ".html", ".md") }

// CheckFormat returns an error if there is no format with an extension.
func CheckFormat(extension string) error {
	if slices.Contains(Extensions(), strings.ToLower(extension)) {
		return nil
	}
	return fmt.Errorf("report format %q is none of %s", extension, strings.Join(Extensions(), ", "))
}

// Write writes the report of an import in the format with an extension.
func (s Source) Write(to io.Writer, extension string) error {
	switch extension = strings.ToLower(extension); extension {
	case ".html", ".md":
		story, err := StoryOf(s.Import, s.About, s.Records(), s.Advised)
		if err != nil {
			return err
		}
		if extension == ".md" {
			return WriteMarkdown(to, story, s.listed())
		}
		return WritePage(to, story, s.listed())
	}
	w, err := New(to, extension)
	if err != nil {
		return err
	}
	for record, err := range s.listed() {
		if err != nil {
			return err
		}
		if err := w.Write(RowOf(s.Import, record)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// listed yields the records with the outcomes to list.
func (s Source) listed() iter.Seq2[ledger.Record, error] {
	if s.Outcomes == nil {
		return s.Records()
	}
	return func(yield func(ledger.Record, error) bool) {
		for record, err := range s.Records() {
			if (err != nil || slices.Contains(s.Outcomes, record.Outcome)) && !yield(record, err) {
				return
			}
		}
	}
}

// WriteFile writes the report of an import to path. The extension selects the format. The file
// appears when it is complete; after an error an earlier file stays as it is.
func WriteFile(path string, s Source) error {
	err := newfile.Write(path, func(to io.Writer) error { return s.Write(to, filepath.Ext(path)) })
	if err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return nil
}

// Check returns an error if [WriteFile] cannot write path. It leaves nothing behind, so that it can
// be called before an import of hours.
func Check(path string) error {
	err := CheckFormat(filepath.Ext(path))
	if err == nil {
		err = newfile.Check(path)
	}
	if err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return nil
}

// ErrNoReport is wrapped by the error about a file that is not a report of an import.
var ErrNoReport = errors.New("not the report of an import")

// reportMark is in the first lines of reports for people.
const reportMark = `<meta name="thingpress-import" content="%s">`

var markedImport = regexp.MustCompile(`<meta name="thingpress-import" content="([^"]+)">`)

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
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		table := csv.NewReader(from)
		names, err := table.Read()
		if err != nil || !slices.Equal(names, header) {
			return "", fmt.Errorf("%s: %w", path, ErrNoReport)
		}
		if cells, err := table.Read(); err == nil {
			row.Import = cells[0]
		}
	case ".html", ".md":
		head, _ := from.Peek(1 << 11) // whatever there is
		found := markedImport.FindSubmatch(head)
		if found == nil {
			return "", fmt.Errorf("%s: %w", path, ErrNoReport)
		}
		row.Import = string(found[1])
	default:
		if err := json.NewDecoder(from).Decode(&row); err != nil || row.Type != rowType {
			return "", fmt.Errorf("%s: %w", path, ErrNoReport)
		}
	}
	return row.Import, nil
}
