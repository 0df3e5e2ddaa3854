package engine

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// A Filter is a list of thing names, vendor IDs or certificate IDs. It is not
// safe for concurrent use. A nil Filter names no device.
type Filter struct {
	matched map[string]bool // by line; true once a device was found
}

// maxFilterLine is longer than any name that a device can have.
const maxFilterLine = 1 << 10

// ReadFilter reads a list with one device per line. It ignores empty lines,
// lines that begin with #, and space around a line.
func ReadFilter(r io.Reader) (*Filter, error) {
	f := &Filter{matched: map[string]bool{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, maxFilterLine), maxFilterLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line != "" && !strings.HasPrefix(line, "#") {
			f.matched[line] = false
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("list of devices: after %d lines: %w", len(f.matched), err)
	}
	return f, nil
}

// names reports whether the list names the device.
func (f *Filter) names(d *manifest.Device) bool {
	if f == nil {
		return false
	}
	found := false
	for _, name := range [...]string{d.ThingName, d.ID, d.CertificateID.String()} {
		if seen, ok := f.matched[name]; ok {
			if !seen {
				f.matched[name] = true
			}
			found = true
		}
	}
	return found
}

// Unmatched returns the lines that have matched no device so far, sorted.
func (f *Filter) Unmatched() []string {
	if f == nil {
		return nil
	}
	var lines []string
	for line, seen := range f.matched {
		if !seen {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// digest returns a digest that is equal for lists that name the same devices.
func (f *Filter) digest() string {
	if f == nil {
		return ""
	}
	lines := make([]string, 0, len(f.matched))
	for line := range f.matched {
		lines = append(lines, line)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}
