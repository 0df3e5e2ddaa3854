package table

import (
	"bytes"

	"github.com/thingpress/thingpress/manifest/internal/armour"
)

var bom = []byte("\ufeff")

// Parse is [Record.Parse] for a table with this header. The record ends at a seam.
func (h *Header) Parse(r *Record, text []byte, ended bool) (n int, found Parsing) {
	n, found = r.Parse(text, h.Delimiter, ended)
	if odd := r.Odd != "" || len(r.Cells) != h.Width; found == Astray || found == Parsed && odd {
		switch length, whole, ok := h.seam(r, text, n, found, ended); {
		case ok && whole == More:
			return 0, More
		case ok:
			_, found = r.Parse(text[:length], h.Delimiter, true)
			return length, found
		case !ended && found == Astray && len(text) < seamBytes:
			return 0, More // a header may follow
		}
	}
	return n, found
}

// seamBytes is how far a reader looks for the header after a quote that may be a seam.
const seamBytes = 64 << 10

// seam looks for the place where two tables were joined without a line end between them,
// in the record at the beginning of text, which was parsed with this result. ok is false if
// there is none. Otherwise n is the length of the record before the seam, and found is
// [More] if that is not certain yet.
func (h *Header) seam(r *Record, text []byte, n int, parsed Parsing, ended bool) (length int, found Parsing, ok bool) {
	if at, ok := h.headerInside(r, text, n, parsed); ok {
		return at, Parsed, true
	}
	// Without a header between them, quotes must end the record, and a whole record follow.
	if r.astray == 0 || h.Width < 2 || r.astrayCell != h.Width-1 {
		return 0, 0, false
	}
	at := r.astray
	if body := bytes.TrimSpace(text[:bytes.LastIndexByte(text[:at], '"')]); !bytes.HasSuffix(body, []byte("-----")) {
		return 0, 0, false
	}
	var next Record
	switch _, found := next.Parse(bytes.TrimPrefix(text[at:], bom), h.Delimiter, ended); {
	case found == More:
		return 0, More, true
	case found != Parsed || len(next.Cells) != h.Width || next.Odd != "" || !LooksLikeCertificate(next.Cells[h.Cert].Value()):
		return 0, 0, false
	}
	return at, Parsed, true
}

// headerInside returns the index of the header line in a record, which must end with it.
func (h *Header) headerInside(r *Record, text []byte, n int, parsed Parsing) (int, bool) {
	if len(h.line) == 0 || parsed != Parsed && parsed != Astray {
		return 0, false
	}
	at := r.astray
	if parsed == Parsed {
		record := bytes.TrimRight(text[:n], "\r\n")
		at = len(record) - len(h.line)
		if at <= 0 || !bytes.HasSuffix(record, h.line) {
			return 0, false
		}
		if bytes.HasSuffix(record[:at], bom) {
			at -= len(bom)
		}
	} else {
		after, ok := bytes.CutPrefix(bytes.TrimPrefix(text[at:], bom), h.line)
		if !ok || len(after) > 0 && after[0] != '\n' && after[0] != '\r' {
			return 0, false
		}
	}
	var before Record
	_, found := before.Parse(text[:at], h.Delimiter, true)
	return at, found == Parsed && len(before.Cells) == h.Width && before.Odd == ""
}

// LooksLikeCertificate reports whether a cell begins like a certificate: in PEM, in base64
// of PEM or DER, or in hex.
func LooksLikeCertificate(cell []byte) bool {
	const shortest = 200 // the DER of a certificate is longer
	switch {
	case bytes.HasPrefix(cell, []byte("-----BEGIN CERTIFICATE")), bytes.HasPrefix(cell, []byte("-----BEGIN X509 CERTIFICATE")),
		bytes.HasPrefix(cell, []byte("-----BEGIN TRUSTED CERTIFICATE")):

		return true
	case len(cell) < shortest:
		return false
	case armour.BeginsHex(cell):
		return true
	}
	return bytes.HasPrefix(cell, []byte("MI")) || bytes.HasPrefix(cell, []byte("LS0tLS1CRUdJTi"))
}
