package espressif

import (
	"bytes"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// A layout has the positions of the columns.
type layout struct {
	delimiter byte
	columns   int
	mac       int // -1 if there is none
	id        int // node ID of RainMaker's files, -1 if there is none
	cn        int // -1 if there is none
	cert      int // the only one that must be there
	names     []string
}

// Names of columns, normalized by fold.
const (
	columnMAC    = "mac"
	columnCN     = "cn"
	columnCert   = "cert"
	columnCerts  = "certs"
	columnNodeID = "node_id"
)

func fold(name []byte) string {
	return strings.ToLower(strings.Join(strings.Fields(string(name)), ""))
}

// sniff reads the names in the first record of text. It chooses the delimiter that
// yields most known names.
func sniff(text []byte, ended bool) (names []string, delimiter byte, n int, found parsing) {
	best := -1
	for _, candidate := range delimiters() {
		var r record
		length, result := r.parse(text, candidate, ended)
		if result == parseMore || result == parseColumns {
			return nil, candidate, length, result
		}
		var columns []string
		if result == parsed && r.odd == "" {
			for _, c := range r.cells {
				columns = append(columns, fold(c.value()))
			}
		}
		score := len(columns) + 1000*known(columns)
		if score > best {
			best, names, delimiter, n, found = score, columns, candidate, length, result
		}
	}
	return names, delimiter, n, found
}

// delimiters returns what may separate columns.
func delimiters() []byte { return []byte{',', ';', '\t'} }

// known returns the number of Espressif's columns among names.
func known(names []string) int {
	n := 0
	for _, name := range []string{columnMAC, columnCN, columnCert, columnCerts, columnNodeID} {
		if slices.Contains(names, name) {
			n++
		}
	}
	return n
}

// newLayout finds the columns among names.
func newLayout(names []string, delimiter byte) (*layout, error) {
	l := &layout{delimiter: delimiter, columns: len(names), names: names}
	for name, at := range map[string]*int{columnMAC: &l.mac, columnNodeID: &l.id, columnCN: &l.cn, columnCert: &l.cert} {
		*at = slices.Index(names, name)
	}
	certs := slices.Index(names, columnCerts)
	for i, name := range names {
		if known([]string{name}) > 0 && slices.Index(names, name) != i {
			return nil, manifest.Errorf(manifest.ReasonDuplicateField, "the header has two columns %s", name)
		}
	}
	switch {
	case l.cert >= 0 && certs >= 0:
		return nil, manifest.Errorf(manifest.ReasonDuplicateField,
			"the header has a column cert and a column certs; the device's is ambiguous")
	case certs >= 0:
		l.cert = certs
	}
	switch {
	case l.cert < 0:
		return nil, manifest.Errorf(manifest.ReasonUnknownFormat, "the first line is not the header of a table with certificates")
	case l.id >= 0:
		l.mac = -1 // a node of RainMaker's has an ID of its own
	}
	return l, nil
}

// explain returns an error that says what a file is that is not an Espressif
// manifest, judged by its beginning from the first record on. It returns nil if it
// does not know.
func explain(text []byte) error {
	names, _, n, found := sniff(text, true)
	if found != parsed {
		n = len(text)
	}
	first := text[:n]
	has := func(wanted ...string) bool {
		for _, name := range wanted {
			if !slices.Contains(names, name) {
				return false
			}
		}
		return true
	}
	if header := headerless(names); header != "" {
		return manifest.Errorf(manifest.ReasonUnknownFormat,
			"these are the records of an Espressif manifest without its header: put a line with the names of the columns before them: %s", header)
	}
	unsupported := func(what string) error { return manifest.Errorf(manifest.ReasonUnsupportedFormat, "%s", what) }
	switch {
	case len(names) == 5 && bytes.Contains(first, []byte("-----BEGIN CERTIFICATE-----")):
		return unsupported("this looks like Nordic's onboard.csv for nRF Cloud (five columns without a header), " +
			"which is not a manifest of Espressif's")
	case has("imei", "uuid") || len(names) == 3 && isIMEI(names[0]):
		return unsupported("this looks like Nordic's attestation_tokens.csv, which has tokens and no certificates")
	case has("key", "type", "encoding", "value"):
		return unsupported("this describes a flash partition (esp_secure_cert or NVS), which is not a list of devices")
	case has(columnNodeID) && !has(columnCert) && !has(columnCerts):
		return unsupported("this looks like RainMaker's node_ids.csv, which has no certificates; the manifest is node_certs.csv next to it")
	case len(names) > 0 && strings.HasPrefix(names[0], "tlv"):
		return unsupported("this describes an esp_secure_cert partition, which is not a list of devices")
	}
	return explainTable(text)
}

// headerless returns the column names that a manifest without a header should
// have, judged by its cells. It returns "" if they are not a device's.
func headerless(cells []string) string {
	names := map[string]bool{}
	order := make([]string, len(cells))
	for i, cell := range cells {
		name := columnCN
		if _, err := normalMAC(cell); err == nil {
			name = "MAC"
		} else if strings.HasPrefix(cell, "-----begincertificate-----") {
			name = columnCert
		}
		names[name], order[i] = true, name
	}
	if len(cells) != 3 || len(names) != 3 {
		return ""
	}
	return strings.Join(order, ", ")
}

func isIMEI(text string) bool {
	text = strings.TrimPrefix(text, "nrf-")
	if len(text) != 15 {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}
