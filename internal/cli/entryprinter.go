package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/manifest"
)

// An entryPrinter prints the entries of manifests, as a table or as JSON Lines.
type entryPrinter struct {
	table   *table
	buffer  *bufio.Writer
	encoder *json.Encoder
}

func newEntryPrinter(out io.Writer, output outputFlag, terminal, header bool) *entryPrinter {
	if output == outputJSON {
		buffer := bufio.NewWriter(out)
		encoder := json.NewEncoder(buffer)
		encoder.SetEscapeHTML(false)
		return &entryPrinter{buffer: buffer, encoder: encoder}
	}
	if !header {
		return &entryPrinter{table: newTable(out, terminal)}
	}
	return &entryPrinter{table: newTable(out, terminal, "ENTRY", "LINE", "RESULT", "ID", "THING NAME", "KEY", "NOT AFTER", "REMARK")}
}

func (p *entryPrinter) flush() error {
	if p.table != nil {
		return p.table.flush()
	}
	return p.buffer.Flush()
}

type deviceLine struct {
	Type          string             `json:"type"`
	Manifest      string             `json:"manifest"`
	Entry         int                `json:"entry"`
	Line          int                `json:"line,omitempty"`
	Vendor        string             `json:"vendor"`
	ID            string             `json:"id"`
	ThingName     string             `json:"thing_name"`
	CertificateID string             `json:"certificate_id"`
	Subject       string             `json:"subject"`
	Issuer        string             `json:"issuer"`
	Serial        string             `json:"serial"`
	NotBefore     time.Time          `json:"not_before"`
	NotAfter      time.Time          `json:"not_after"`
	Key           string             `json:"key"`
	Attributes    map[string]string  `json:"attributes"`
	Warnings      []manifest.Warning `json:"warnings"`
}

func (p *entryPrinter) device(d *manifest.Device) error {
	leaf := d.Certificate
	if p.table != nil {
		remarks := make([]string, len(d.Warnings))
		for i, w := range d.Warnings {
			remarks[i] = string(w.Code) + ": " + w.Detail
		}
		p.table.row(strconv.Itoa(d.Entry), lineCell(d.Line), "device", d.ID, d.ThingName,
			keyName(leaf), date(leaf.NotAfter), strings.Join(remarks, "; "))
		return nil
	}
	line := deviceLine{
		Type: "device", Manifest: d.Manifest, Entry: d.Entry, Line: d.Line, Vendor: d.Vendor, ID: d.ID,
		ThingName: d.ThingName, CertificateID: d.CertificateID.String(), Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(),
		Serial: leaf.SerialNumber.Text(16), NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
		Key: keyName(leaf), Attributes: d.Attributes, Warnings: d.Warnings,
	}
	if line.Attributes == nil {
		line.Attributes = map[string]string{}
	}
	if line.Warnings == nil {
		line.Warnings = []manifest.Warning{}
	}
	return p.encoder.Encode(line)
}

type refusedLine struct {
	Type      string          `json:"type"` // "rejected" or "skipped"
	Manifest  string          `json:"manifest"`
	Entry     int             `json:"entry"`
	Line      int             `json:"line,omitempty"`
	ID        string          `json:"id,omitempty"`
	ThingName string          `json:"thing_name,omitempty"`
	Reason    manifest.Reason `json:"reason,omitempty"`
	Detail    string          `json:"detail"`
}

func (p *entryPrinter) rejected(e *manifest.EntryError) error {
	if p.table != nil {
		p.table.row(strconv.Itoa(e.Entry), lineCell(e.Line), "rejected", e.ID, "", "", "", remark(e))
		return nil
	}
	return p.encoder.Encode(refusedLine{
		Type: "rejected", Manifest: e.Manifest, Entry: e.Entry, Line: e.Line, ID: e.ID, Reason: e.Reason, Detail: e.Detail(),
	})
}

func (p *entryPrinter) skipped(d *manifest.Device, detail string) error {
	if p.table != nil {
		p.table.row(strconv.Itoa(d.Entry), lineCell(d.Line), "skipped", d.ID, d.ThingName, "", "", detail)
		return nil
	}
	return p.encoder.Encode(refusedLine{
		Type: "skipped", Manifest: d.Manifest, Entry: d.Entry, Line: d.Line, ID: d.ID, ThingName: d.ThingName, Detail: detail,
	})
}

type brokenLine struct {
	Type     string          `json:"type"` // "broken"
	Manifest string          `json:"manifest"`
	Entry    int             `json:"entry"` // the number of entries before the break
	Line     int             `json:"line,omitempty"`
	Offset   int64           `json:"offset,omitempty"`
	Reason   manifest.Reason `json:"reason"`
	Detail   string          `json:"detail"`
	Todo     string          `json:"todo"`
}

// broken tells as JSON where manifests could not be read any further; people
// are told by the error that the command ends with.
func (p *entryPrinter) broken(breaks []*manifest.FileError) error {
	if p.table != nil {
		return nil
	}
	for _, b := range breaks {
		err := p.encoder.Encode(brokenLine{
			"broken", b.Manifest, b.Entry, b.Line, b.Offset, b.Reason, b.Err.Error(), breakHint(b, advice.CLI),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// summary prints the numbers: the last JSON line, or lines for people on the
// stream that does not carry data.
func (p *entryPrinter) summary(s inspectSummary, people io.Writer) error {
	if p.table == nil {
		if err := p.encoder.Encode(s); err != nil {
			return err
		}
		return p.flush()
	}
	fmt.Fprintf(people, "%d entries: %d devices, %d rejected, %d skipped, %d warnings\n", s.Entries, s.Devices, s.Rejected, s.Skipped, s.Warnings)
	for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
		fmt.Fprintf(people, "  %d %s\n", s.Reasons[reason], withTodo(reason, advice.CLI))
	}
	return nil
}

// remark is why an entry is rejected, with the flag of a limit that it exceeds.
func remark(e *manifest.EntryError) string {
	text := string(e.Reason) + ": " + e.Detail()
	if flag := advice.Flag(e.Limit.Name); flag != "" {
		text += "; --" + flag + " raises the limit"
	}
	return text
}

// withTodo is a reason and what to do about it, if there is something to do.
func withTodo(reason manifest.Reason, where advice.Surface) string {
	if todo := advice.For(reason, where).Todo; todo != "" {
		return string(reason) + ": " + todo
	}
	return string(reason)
}

func lineCell(line int) string {
	if line == 0 {
		return ""
	}
	return strconv.Itoa(line)
}
