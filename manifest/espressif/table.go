package espressif

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// explainTable returns an error that lists the columns of a table in which no column
// is known to have certificates. It returns nil if text is not a table.
func explainTable(text []byte) error {
	names, delimiter := tableHeader(text)
	if names == nil {
		return nil
	}
	if line := laterHeader(text, delimiter); line > 0 {
		return manifest.Errorf(manifest.ReasonUnknownColumns,
			"the columns are named in line %d of the table; delete the lines before it", line)
	}
	list := listColumns(names)
	if !slices.Contains(delimiters(), delimiter) {
		return manifest.Errorf(manifest.ReasonUnknownColumns,
			"this is a table with the columns %s, separated by %c; separate them with commas, semicolons or tabs", list, delimiter)
	}
	return manifest.Errorf(manifest.ReasonUnknownColumns,
		"this is a table with the columns %s; the one with the certificates must be called cert", list)
}

// tableHeader returns the cells of the first record as they are written, if text
// looks like a table: at least two columns have names, and the next record has as
// many.
func tableHeader(text []byte) (names []string, delimiter byte) {
	for _, candidate := range append(delimiters(), '|') {
		var header, next record
		n, found := header.parse(text, candidate, true)
		if found != parsed || header.odd != "" || len(header.cells) <= max(1, len(names)) {
			continue
		}
		_, found = next.parse(text[n:], candidate, true)
		if found == parsed && len(next.cells) != len(header.cells) || found == parseColumns {
			continue
		}
		var cells []string
		named := 0
		for _, c := range header.cells {
			name := string(c.value())
			if strings.Contains(name, "-----BEGIN") {
				return nil, 0 // a record without a header
			}
			if name != "" {
				named++
			}
			cells = append(cells, name)
		}
		if named > 0 {
			names, delimiter = cells, candidate
		}
	}
	return names, delimiter
}

// laterHeader returns the line of the table in which the columns are named, if other
// lines precede it, and 0 if there is none near the beginning.
func laterHeader(text []byte, delimiter byte) int {
	const most = 20
	var r record
	for line := 1; line <= most && len(text) > 0; line++ {
		n, found := r.parse(text, delimiter, true)
		if found != parsed || bytes.ContainsAny(bytes.TrimRight(text[:n], "\r\n"), "\r\n") {
			return 0
		}
		for _, c := range r.cells {
			if name := fold(c.value()); line > 1 && (name == columnCert || name == columnCerts) {
				return line
			}
		}
		text = text[n:]
	}
	return 0
}

// listColumns returns the names of columns for a message.
func listColumns(names []string) string {
	const most, longest = 12, 40
	quoted := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		quoted = append(quoted, manifest.Quote(strings.ToValidUTF8(name[:min(len(name), longest)], "")))
	}
	list := strings.Join(quoted, ", ")
	if more := len(names) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}
