package espressif

import (
	"slices"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/foreign"
	"github.com/thingpress/thingpress/manifest/internal/table"
)

// A layout has the positions of the columns.
type layout struct {
	mac  int // -1 if there is none
	id   int // node ID of RainMaker's files, -1 if there is none
	cn   int // -1 if there is none
	cert int // the only one that must be there
}

// Names of columns, as [manifest.ColumnKey] returns them.
const (
	columnMAC    = "mac"
	columnCN     = "cn"
	columnCert   = "cert"
	columnCerts  = "certs"
	columnNodeID = "node_id"
)

// findHeader is a [table.Finder]: the header is the first record.
func findHeader(text []byte, stated byte, ended bool) (*table.Header, int, table.Parsing, error) {
	delimiter, n, names, header, found := sniff(text, ended)
	if stated != 0 && found == table.Parsed {
		var one table.Record
		if n, found = one.Parse(text, stated, ended); found == table.Parsed {
			delimiter, header = stated, one.Names()
			names = keys(header)
		}
	}
	if found != table.Parsed {
		return nil, n, found, nil
	}
	l, err := newLayout(header)
	if manifest.ReasonOf(err) == manifest.ReasonUnknownFormat {
		if known := explain(text); known != nil {
			err = known
		} else if other := foreign.Error(text[:n]); other != nil {
			err = other
		}
	}
	if manifest.ReasonOf(err) == manifest.ReasonDuplicateField {
		err = table.Guessed(err, text)
	}
	if err != nil {
		return nil, n, found, err
	}
	h := table.NewHeader(delimiter, header, len(names), text[:n], l.cert)
	h.Need(l.mac, l.id, l.cn)
	return h, n, found, nil
}

// sniff reads the names in the first record of text, and their keys. It chooses the
// delimiter that yields most known names.
func sniff(text []byte, ended bool) (delimiter byte, n int, names, header []string, found table.Parsing) {
	best := -1
	for _, candidate := range delimiters() {
		var r table.Record
		length, result := r.Parse(text, candidate, ended)
		if result == table.More || result == table.TooMany {
			return candidate, length, nil, nil, result
		}
		var cells []string
		if result == table.Parsed && r.Odd == "" {
			cells = r.Names()
		}
		score := len(cells) + 1000*known(keys(cells))
		if score > best {
			best, names, header, delimiter, n, found = score, keys(cells), cells, candidate, length, result
		}
	}
	return delimiter, n, names, header, found
}

// keys returns the names of columns without blanks and in lower case.
func keys(header []string) []string {
	var keys []string
	for _, name := range header {
		keys = append(keys, manifest.ColumnKey(name))
	}
	return keys
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

// newLayout finds the columns of a header.
func newLayout(header []string) (*layout, error) {
	names := keys(header)
	l := &layout{}
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
