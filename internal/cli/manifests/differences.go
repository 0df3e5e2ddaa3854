package manifests

import (
	"fmt"
	"io"
	"strconv"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
)

// Kinds of differences.
const (
	onlyHere         = "only-here"
	onlyThere        = "only-there"
	otherCertificate = "other-certificate"
	otherDevice      = "other-device"
)

// A difference is a line of the output.
type difference struct {
	Type        string      `json:"type"` // "difference"
	Kind        string      `json:"kind"`
	ID          string      `json:"id,omitempty"`
	ThingName   string      `json:"thing_name,omitempty"`
	Certificate string      `json:"certificate_id,omitempty"`
	Here        *entryPlace `json:"here,omitempty"`
	There       *entryPlace `json:"there,omitempty"`
}

// An entryPlace is the place of a device in a manifest; Line is 0 if it is not known.
type entryPlace struct {
	Entry int `json:"entry"`
	Line  int `json:"line,omitempty"`
}

func placeOf(d *manifest.Device) *entryPlace { return &entryPlace{Entry: d.Entry, Line: d.Line} }

func (p *entryPlace) cell() string {
	switch {
	case p == nil:
		return ""
	case p.Line > 0:
		return fmt.Sprintf("entry %d (line %d)", p.Entry, p.Line)
	}
	return "entry " + strconv.Itoa(p.Entry)
}

// A differenceList prints differences, in a table or as JSON Lines.
type differenceList struct {
	lines  *entryLines // nil for a table
	table  *terminal.Table
	limit  int // of each kind; 0 for no limit
	listed map[string]int
}

func newDifferenceList(out io.Writer, output terminal.Output, width, limit int) *differenceList {
	l := &differenceList{limit: limit, listed: map[string]int{}}
	if output == terminal.JSON {
		lines := newEntryLines(out)
		l.lines = &lines
		return l
	}
	l.table = terminal.NewTable(out, width, []terminal.Column{
		{Name: "DIFFERENCE"},
		{Name: "ID", Cut: true},
		{Name: "THING NAME", Cut: true, Drop: 3},
		{Name: "HERE", Drop: 2},
		{Name: "THERE", Drop: 2},
	})
	return l
}

func (l *differenceList) add(d difference) error {
	if l.limit > 0 && l.listed[d.Kind] == l.limit {
		return nil
	}
	l.listed[d.Kind]++
	d.Type = "difference"
	if l.lines != nil {
		return l.lines.encoder.Encode(d)
	}
	l.table.Row(d.Kind, d.ID, d.ThingName, d.Here.cell(), d.There.cell())
	return nil
}

func (l *differenceList) flush() error {
	switch {
	case l.lines != nil:
		return l.lines.flush()
	case len(l.listed) == 0:
		return nil // no heading without rows
	}
	return l.table.Flush()
}

// A diffSummary is the last line of JSON.
type diffSummary struct {
	Type             string  `json:"type"` // "summary"
	Here             string  `json:"here"`
	There            string  `json:"there"`
	Both             int     `json:"both"`
	OnlyHere         int     `json:"only_here"`
	OnlyThere        int     `json:"only_there"`
	OtherCertificate int     `json:"other_certificate"`
	OtherDevice      int     `json:"other_device"`
	InHere           leftOut `json:"left_out_here"`
	InThere          leftOut `json:"left_out_there"`
}

// leftOut counts the entries of a manifest that are not compared.
type leftOut struct {
	Rejected int `json:"rejected"`
	Repeated int `json:"repeated"`
}

// add counts an entry that repeats or contradicts an earlier one, and reports whether it does.
func (l *leftOut) add(within engine.Match) bool {
	switch within.Relation {
	case engine.Repeated:
		l.Repeated++
	case engine.Contradictory:
		l.Rejected++
	}
	return within.Relation != engine.Accepted
}

// left returns the counts of the file whose devices without a counterpart have this kind.
func (s *diffSummary) left(kind string) *leftOut {
	if kind == onlyHere {
		return &s.InHere
	}
	return &s.InThere
}

func (s *diffSummary) count(kind string) {
	switch kind {
	case onlyHere:
		s.OnlyHere++
	case onlyThere:
		s.OnlyThere++
	case otherCertificate:
		s.OtherCertificate++
	case otherDevice:
		s.OtherDevice++
	}
}

// differs reports whether the files differ, or whether there are entries of which that is unknown.
func (s *diffSummary) differs() bool {
	return s.OnlyHere+s.OnlyThere+s.OtherCertificate+s.OtherDevice+s.InHere.Rejected+s.InThere.Rejected > 0
}

// text returns the numbers for people. Limit is that of the rows of each kind.
func (s *diffSummary) text(limit int) string {
	text := fmt.Sprintf("%s in both", progress.Plural(s.Both, "device", "devices"))
	hidden := 0
	for _, part := range []struct {
		count int
		what  string
	}{
		{s.OnlyHere, "only in " + s.Here},
		{s.OnlyThere, "only in " + s.There},
		{s.OtherCertificate, "with another certificate"},
		{s.OtherDevice, "whose certificate is another device's"},
	} {
		text += plain.Sprintf(", %s %s", progress.Count(part.count), part.what)
		if limit > 0 {
			hidden += max(part.count-limit, 0)
		}
	}
	text += "\n"
	if hidden > 0 {
		text += fmt.Sprintf("%s not shown; --limit 0 shows all\n", progress.Plural(hidden, "difference is", "differences are"))
	}
	for _, file := range []struct {
		name string
		out  leftOut
	}{{s.Here, s.InHere}, {s.There, s.InThere}} {
		if file.out != (leftOut{}) {
			text += plain.Sprintf("%s: not compared: %s rejected, %s repeated; thingpress inspect says why\n", file.name,
				progress.Count(file.out.Rejected), progress.Count(file.out.Repeated))
		}
	}
	return text
}
