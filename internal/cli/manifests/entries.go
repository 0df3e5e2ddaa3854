package manifests

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/manifest"
)

// An entryPrinter prints the entries of a manifest.
type entryPrinter interface {
	device(*manifest.Device) error
	refused(refusedLine) error
	// flush prints what is buffered. It may return an earlier write error.
	flush() error
}

// newEntryPrinter returns the printer of the entries of one manifest. Listed is the number of rows
// that the tables of all manifests have so far.
func (o *inspectOptions) newEntryPrinter(out io.Writer, width int, several bool, listed *int) entryPrinter {
	switch {
	case o.output == terminal.JSON:
		return newEntryLines(out)
	case !o.all && !o.rejected:
		return noEntries{}
	}
	columns := []terminal.Column{
		{Name: "FILE", Cut: true},
		{Name: "ENTRY", Number: true},
		{Name: "LINE", Number: true, Drop: 1},
		{Name: "RESULT"},
		{Name: "ID", Cut: true},
		{Name: "THING NAME", Cut: true, Drop: 4},
		{Name: "KEY", Drop: 3},
		{Name: "NOT AFTER", Drop: 2},
		{Name: "REMARK", Cut: true},
	}
	if !several {
		columns = columns[1:]
	}
	t := &entryTable{
		Table:   terminal.NewTable(out, width, columns),
		several: several, rejected: o.rejected, limit: o.limit, listed: listed, before: *listed,
	}
	if width == 0 && *listed > 0 {
		t.OmitHeading()
	}
	return t
}

// noEntries lists nothing.
type noEntries struct{}

func (noEntries) device(*manifest.Device) error { return nil }
func (noEntries) refused(refusedLine) error     { return nil }
func (noEntries) flush() error                  { return nil }

// entryTable lists entries in a table.
type entryTable struct {
	*terminal.Table
	several  bool // name the manifest
	rejected bool // list only rejected entries
	limit    int  // rows of all tables; 0 for no limit
	listed   *int
	before   int // listed at the beginning of this table
}

func (t *entryTable) row(file string, cells ...string) {
	if t.limit > 0 && *t.listed >= t.limit {
		return
	}
	*t.listed++
	if t.several {
		cells = append([]string{file}, cells...)
	}
	t.Row(cells...)
}

func (t *entryTable) device(d *manifest.Device) error {
	if t.rejected {
		return nil
	}
	remarks := make([]string, len(d.Warnings))
	for i, w := range d.Warnings {
		remarks[i] = string(w.Code) + ": " + w.Detail
	}
	t.row(manifest.Place(d.Manifest, d.Member), strconv.Itoa(d.Entry), lineCell(d.Line), "device", d.ID, d.ThingName,
		keyName(d.Certificate), d.Certificate.NotAfter.UTC().Format(time.DateOnly), strings.Join(remarks, "; "))
	return nil
}

func (t *entryTable) refused(l refusedLine) error {
	if t.rejected && l.Type != string(ledger.Rejected) {
		return nil
	}
	remark := l.remark()
	if l.Reason != "" {
		remark = string(l.Reason) + ": " + remark
	}
	if l.specific && advice.Flag(l.limit) == "" {
		remark += "; " + l.Todo
	}
	t.row(manifest.Place(l.Manifest, l.Member), strconv.Itoa(l.Entry), lineCell(l.Line), l.Type, l.ID, l.ThingName, "", "", remark)
	return nil
}

func (t *entryTable) flush() error {
	if t.before > 0 && *t.listed == t.before {
		return nil // no second heading without rows
	}
	return t.Flush()
}

// remark returns the detail, and the flag that raises the limit that the entry exceeds.
func (l refusedLine) remark() string {
	if flag := advice.Flag(l.limit); flag != "" {
		return l.Detail + "; --" + flag + " raises the limit"
	}
	return l.Detail
}

func lineCell(line int) string {
	if line == 0 {
		return ""
	}
	return strconv.Itoa(line)
}

// entryLines prints entries and the lines after them as JSON Lines.
type entryLines struct {
	buffer  *bufio.Writer
	encoder *json.Encoder
}

func newEntryLines(out io.Writer) entryLines {
	buffer := bufio.NewWriter(out)
	encoder := json.NewEncoder(plain.JSONWriter(buffer))
	encoder.SetEscapeHTML(false)
	return entryLines{buffer, encoder}
}

type deviceLine struct {
	Type          string             `json:"type"`
	Manifest      string             `json:"manifest"`
	Member        string             `json:"member,omitempty"`
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

func (p entryLines) device(d *manifest.Device) error {
	leaf := d.Certificate
	line := deviceLine{
		Type: "device", Manifest: d.Manifest, Member: d.Member, Entry: d.Entry, Line: d.Line, Vendor: d.Vendor, ID: d.ID,
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

// keyName returns the name of a certificate's key, such as "EC P-256" or "RSA 2048".
func keyName(leaf *x509.Certificate) string {
	switch key := leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "EC " + key.Curve.Params().Name
	case *rsa.PublicKey:
		return "RSA " + strconv.Itoa(key.N.BitLen())
	}
	return leaf.PublicKeyAlgorithm.String()
}

// A refusedLine is an entry that is rejected or skipped.
type refusedLine struct {
	Type      string          `json:"type"` // "rejected" or "skipped"
	Manifest  string          `json:"manifest"`
	Member    string          `json:"member,omitempty"`
	Entry     int             `json:"entry"`
	Line      int             `json:"line,omitempty"`
	ID        string          `json:"id,omitempty"`
	ThingName string          `json:"thing_name,omitempty"`
	Reason    manifest.Reason `json:"reason,omitempty"`
	Detail    string          `json:"detail"`
	Todo      string          `json:"todo,omitempty"`

	limit    manifest.LimitName // the limit that the entry exceeds
	specific bool               // Todo is about this entry, not about its reason in general
}

func (p entryLines) refused(l refusedLine) error { return p.encoder.Encode(l) }

func (p entryLines) flush() error { return p.buffer.Flush() }

// A brokenLine is the point at which reading a manifest failed.
type brokenLine struct {
	Type     string          `json:"type"` // "broken"
	Manifest string          `json:"manifest"`
	Member   string          `json:"member,omitempty"`
	Entry    int             `json:"entry"` // the number of entries before the break
	Line     int             `json:"line,omitempty"`
	Offset   int64           `json:"offset,omitempty"`
	Reason   manifest.Reason `json:"reason"`
	Detail   string          `json:"detail"`
	Todo     string          `json:"todo"`
}

// end prints the lines after the entries of all manifests.
func (p entryLines) end(breaks []*manifest.FileError, s inspectSummary) error {
	for _, b := range breaks {
		err := p.encoder.Encode(brokenLine{
			"broken", b.Manifest, b.Member, b.Entry, b.Line, b.Offset, b.Reason, b.Err.Error(),
			BreakHint(b, advice.CLI),
		})
		if err != nil {
			return err
		}
	}
	if err := p.encoder.Encode(s); err != nil {
		return err
	}
	return p.flush()
}
