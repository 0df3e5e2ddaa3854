package engine

import "github.com/thingpress/thingpress/internal/ledger"

// A layout numbers the entries of several manifests one after the other.
type layout struct {
	first []int // number of the first entry, by manifest
	total int
}

// begin starts the next manifest.
func (l *layout) begin() { l.first = append(l.first, l.total) }

// entries returns how many entries a manifest has.
func (l *layout) entries(m int) int {
	if m+1 < len(l.first) {
		return l.first[m+1] - l.first[m]
	}
	return l.total - l.first[m]
}

// place returns the place of the entry with that number.
func (l *layout) place(number int) ledger.Place {
	m := len(l.first) - 1
	for m > 0 && l.first[m] > number {
		m--
	}
	return ledger.Place{Manifest: m, Entry: number - l.first[m]}
}

// number returns the number of the entry at a place; ok reports whether there is one.
func (l *layout) number(p ledger.Place) (number int, ok bool) {
	if p.Manifest < 0 || p.Manifest >= len(l.first) || p.Entry < 0 || p.Entry >= l.entries(p.Manifest) {
		return 0, false
	}
	return l.first[p.Manifest] + p.Entry, true
}
