package report

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
)

// blockRows is the number of devices whose data a page reads together.
const blockRows = 10_000

// A block has the rows of some records in two compressed parts. The first is text: a line for each row,
// cells separated by tabs. The second has the hex digits of names and certificates, two in a byte,
// because compression of text does not get digits that small. page.js is the decoder.
type block struct {
	reasons []string
	rows    int
	text    part
	digits  part

	manifest, entry int    // of the record before
	id              string // of the record before
}

// Marks in the text, which no text of others has, because it is cleaned.
const (
	markName  = "\x01" // the name, in another cell
	markLower = "\x02" // a number of bytes of digits, with a semicolon after it
	markUpper = "\x03" // the same in upper case
	markNext  = "\x04" // how much greater the ID is than the one before, in upper-case hex digits
	markLess  = "\x05" // the same in lower case
)

// A part is compressed as it is written.
type part struct {
	packed bytes.Buffer
	*flate.Writer
}

// reset empties the part.
func (p *part) reset() {
	p.packed.Reset()
	if p.Writer == nil {
		p.Writer, _ = flate.NewWriter(&p.packed, flate.BestCompression) // the level exists
		return
	}
	p.Reset(&p.packed)
}

// base64 ends the part and returns it.
func (p *part) base64() string {
	_ = p.Close() // a bytes.Buffer takes everything
	return base64.StdEncoding.EncodeToString(p.packed.Bytes())
}

func newBlock(reasons []string) *block {
	b := &block{reasons: reasons}
	b.text.reset()
	b.digits.reset()
	return b
}

// add adds a record. The cell of an entry that follows the one before is empty.
func (b *block) add(r ledger.Record) {
	entry := ""
	if b.rows == 0 || r.Manifest != b.manifest || r.Entry != b.entry+1 {
		entry = strconv.Itoa(r.Entry)
	}
	name, id, certificate := plain.Text(r.ThingName), plain.Text(r.ID), ""
	if !r.CertificateID.IsZero() {
		certificate = r.CertificateID.String()[:certificateDigits]
	}
	detail, line, reason := "", "", ""
	if r.Reason != "" {
		detail, reason = plain.Text(r.Detail), strconv.Itoa(slices.Index(b.reasons, plain.Text(r.Reason)))
		if name != "" {
			detail = strings.ReplaceAll(detail, name, markName)
		}
		if r.Line > 0 {
			line = strconv.Itoa(r.Line)
		}
	}
	fmt.Fprintf(&b.text, "%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", slices.Index(ledger.Outcomes(), r.Outcome), r.Manifest, entry, line,
		withoutDigits(name, &b.digits), shortID(id, name, b.id), withoutDigits(certificate, &b.digits), reason, detail)
	b.rows++
	b.manifest, b.entry, b.id = r.Manifest, r.Entry, id
}

var digitRuns = regexp.MustCompile(`(?:[0-9a-f]{2}){2,}|(?:[0-9A-F]{2}){2,}`)

// withoutDigits writes the runs of hex digits of a text to digits, and returns the text with marks
// instead of them.
func withoutDigits(text string, digits io.Writer) string {
	return digitRuns.ReplaceAllStringFunc(text, func(run string) string {
		raw, err := hex.DecodeString(run)
		if err != nil {
			return run
		}
		_, _ = digits.Write(raw) // a bytes.Buffer takes everything
		mark := markLower
		if run != strings.ToLower(run) {
			mark = markUpper
		}
		return mark + strconv.Itoa(len(raw)) + ";"
	})
}

// shortID returns the cell of an ID: how it follows from the name or from the ID before, or else the ID.
func shortID(id, name, before string) string {
	if at := len(name) - len(id); id != "" && at >= 0 {
		switch end := name[at:]; id {
		case end:
			return markName + strconv.Itoa(at)
		case strings.ToLower(end):
			return markName + "l" + strconv.Itoa(at)
		case strings.ToUpper(end):
			return markName + "u" + strconv.Itoa(at)
		}
	}
	const low = 12 // digits that are counted, as many as a number of JavaScript has
	at := len(id) - low
	if at < 0 || len(before) != len(id) || before[:at] != id[:at] {
		return id
	}
	this, err := strconv.ParseUint(id[at:], 16, 64)
	last, errLast := strconv.ParseUint(before[at:], 16, 64)
	if err != nil || errLast != nil || this < last {
		return id
	}
	step := strconv.FormatUint(this-last, 16)
	switch id[at:] {
	case fmt.Sprintf("%012X", this):
		return markNext + step
	case fmt.Sprintf("%012x", this):
		return markLess + step
	}
	return id
}

// put writes the block and empties it.
func (b *block) put(w pageWriter) {
	w.put("<script type=\"text/plain\" class=\"block\" data-rows=\"%d\">%s.%s</script>\n", b.rows, markup(b.text.base64()),
		markup(b.digits.base64()))
	b.rows, b.manifest, b.entry, b.id = 0, 0, 0, ""
	b.text.reset()
	b.digits.reset()
}
