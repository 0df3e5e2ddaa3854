package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/thingpress/thingpress/manifest"
)

// A Filter is a list of thing names, vendor IDs or certificate IDs. It is not
// safe for concurrent use. A nil Filter names no device.
//
// Names are compared byte for byte, as firmware does. IDs are compared as hex
// digits, whatever their case and separators.
type Filter struct {
	items  []item
	byName map[string]int32 // the number of links when the newest of a name, or of an ID in the form of foldID, was added
	links  []link
	sum    string
}

// A link is one of the items that a name stands for. A list may have millions, so they
// are linked by number: a slice for each name would take three times the memory.
type link struct{ item, older int32 }

// An item names one device.
type item struct {
	text    string
	whole   int32 // the item that this one is a part of, or the item itself
	split   bool  // it has parts, which may be meant instead
	heading bool  // it may be the heading of the list
	matched bool
}

// ReadFilter reads a list of devices: text in UTF-8 or UTF-16 with one or more
// names or IDs per line, which may be quoted, or a table in CSV with a heading.
// Of a table it reads the columns with names and IDs, and a row names one device.
// Lines that begin with # are comments. Text with a private key is an error, and so are more
// than 64 MiB or five million names.
func ReadFilter(r io.Reader) (*Filter, error) {
	lines, err := readLines(r)
	if err != nil {
		return nil, err
	}
	f := &Filter{byName: map[string]int32{}, sum: digestOfLines(lines)}
	columns, delimiter := tableOf(lines)
	if columns != nil {
		lines = joinQuoted(lines)
	}
	for i, line := range lines {
		switch {
		case columns == nil:
			f.addLine(withoutBullet(line), i == 0 && len(lines) > 1 && isTitle(line))
		case i > 0:
			f.addRow(line, columns, delimiter)
		}
		if len(f.items) > maxFilterNames {
			return nil, errManyNames
		}
	}
	return f, nil
}

// addLine adds what a line names.
func (f *Filter) addLine(line string, heading bool) {
	for cell := range splitCells(line, ",;\t") {
		if len(f.items) > maxFilterNames {
			return
		}
		whole := f.add(item{text: cell, whole: f.next(), heading: heading}, cell)
		parts := strings.Fields(cell)
		if _, isID := foldID(cell); isID || len(parts) < 2 {
			continue
		}
		f.items[whole].split = true
		for _, part := range parts {
			if part = unquote(part); strings.ContainsFunc(part, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
				f.add(item{text: part, whole: whole, heading: heading}, part)
			}
		}
	}
}

// addRow adds the device of a row.
func (f *Filter) addRow(line string, columns []int, delimiter string) {
	cells := slices.Collect(splitCells(line, delimiter))
	var names []string
	for _, c := range columns {
		if c < len(cells) {
			names = append(names, cells[c])
		}
	}
	text, _, _ := strings.Cut(line, "\n")
	f.add(item{text: text, whole: f.next()}, names...)
}

// next returns the number of the item that is added next.
func (f *Filter) next() int32 { return int32(len(f.items)) }

// add adds an item that has any of the names and returns its number. Without names it adds nothing.
func (f *Filter) add(i item, names ...string) int32 {
	number := f.next()
	for _, name := range names {
		for _, key := range keysOf(name) {
			f.links = append(f.links, link{item: number, older: f.byName[key]})
			f.byName[key] = int32(len(f.links))
			if f.next() == number {
				f.items = append(f.items, i)
			}
		}
	}
	return number
}

// keysOf returns the names of a device that a name or ID in a list stands for.
func keysOf(name string) []string {
	id, isID := foldID(name)
	bare := bareName(name)
	switch {
	case name == "":
		return nil
	case isID && isLong(id):
		return []string{id}
	case isID:
		return []string{id, name}
	case bare != name && bare != "":
		return []string{bare, name}
	}
	return []string{name}
}

// Names reports whether the list names the device.
func (f *Filter) Names(d *manifest.Device) bool {
	if f == nil {
		return false
	}
	found := f.match(d.ThingName)
	if id, ok := foldID(d.ThingName); ok && isLong(id) {
		found = f.match(id) || found
	}
	found = f.match(foldedMark+d.CertificateID.String()) || found
	return f.NamesID(d.ID) || found
}

// NamesID reports whether the list names the device by its vendor ID.
func (f *Filter) NamesID(vendorID string) bool {
	if f == nil {
		return false
	}
	found := f.match(vendorID)
	if id, ok := foldID(vendorID); ok {
		found = f.match(id) || found
	}
	return found
}

func (f *Filter) match(name string) bool {
	newest := f.byName[name]
	for l := newest; l > 0; l = f.links[l-1].older {
		f.items[f.links[l-1].item].matched = true
	}
	return newest > 0
}

// Usable reports whether the list names anything.
func (f *Filter) Usable() bool { return f != nil && len(f.items) > 0 }

// Matched reports whether any device so far was named.
func (f *Filter) Matched() bool {
	return f != nil && slices.ContainsFunc(f.items, func(i item) bool { return i.matched })
}

// Unmatched returns the names, IDs and rows that have matched no device so far,
// in the order of the list.
func (f *Filter) Unmatched() []string {
	if f == nil {
		return nil
	}
	partly := map[int32]bool{} // items of which a part matched
	for _, i := range f.items {
		if i.matched {
			partly[i.whole] = true
		}
	}
	var lines []string
	for number, i := range f.items {
		isWhole := number == int(i.whole)
		switch {
		case i.matched || i.heading || f.items[i.whole].matched:
		case isWhole && i.split && partly[i.whole]: // its parts are listed
		case !isWhole && !partly[i.whole]: // the item is
		default:
			lines = append(lines, i.text)
		}
	}
	return lines
}

// digestOfLines returns a digest that is equal for lists with the same lines. Ledgers keep it.
func digestOfLines(lines []string) string {
	lines = slices.Clone(lines)
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "\n")))
	return hex.EncodeToString(sum[:])
}

// Digest returns a digest that is equal for lists with the same lines, and "" for a nil Filter.
func (f *Filter) Digest() string {
	if f == nil {
		return ""
	}
	return f.sum
}
