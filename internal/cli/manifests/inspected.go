package manifests

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

// An inspectSummary is the last line of JSON.
type inspectSummary struct {
	Type     string                  `json:"type"`
	Entries  int                     `json:"entries"`
	Devices  int                     `json:"devices"`
	Rejected int                     `json:"rejected"`
	Skipped  int                     `json:"skipped"`
	Warnings int                     `json:"warnings"`
	Reasons  map[manifest.Reason]int `json:"reasons,omitempty"`
	// Rejections repeats Reasons, with what to do.
	Rejections []report.Rejection `json:"rejections,omitempty"`
}

// String returns the counts for people.
func (s *inspectSummary) String() string {
	return fmt.Sprintf("%s: %s, %s rejected, %s skipped, %s", progress.Plural(s.Entries, "entry", "entries"),
		progress.Plural(s.Devices, "device", "devices"), progress.Count(s.Rejected), progress.Count(s.Skipped),
		progress.Plural(s.Warnings, "warning", "warnings"))
}

// inspected is what a manifest contains, as far as it was read.
type inspected struct {
	name, vendor                                 string
	entries, devices, rejected, skipped, warning int
	keys                                         map[string]int
	from, to                                     time.Time // of the validity of all devices together
	problems                                     map[problemKey]*Problem
}

type problemKey struct{ outcome, reason string }

const warned = "warning"

// add counts an entry, of which it keeps no more than limit for each reason; all if that is 0. The
// line is what is to be said of an entry that is not a device.
func (i *inspected) add(v engine.Verdict, d *manifest.Device, line refusedLine, limit int) {
	i.entries++
	example := report.Example{
		Manifest: manifest.Place(line.Manifest, line.Member), Entry: line.Entry, Line: line.Line, ID: line.ID, Thing: line.ThingName,
		Detail: line.remark(),
	}
	switch v.Outcome {
	case ledger.Rejected:
		i.rejected++
		i.addProblem(string(v.Outcome), v.Reason, example, limit)
		return
	case ledger.Skipped:
		i.skipped++
		i.addProblem(string(v.Outcome), v.Reason, example, limit)
		return
	}
	i.devices++
	leaf := d.Certificate
	if i.keys == nil {
		i.keys, i.from, i.to = map[string]int{}, leaf.NotBefore, leaf.NotAfter
	}
	i.vendor = d.Vendor
	i.keys[keyName(leaf)]++
	i.from = slices.MinFunc([]time.Time{i.from, leaf.NotBefore}, time.Time.Compare)
	i.to = slices.MaxFunc([]time.Time{i.to, leaf.NotAfter}, time.Time.Compare)
	for _, w := range d.Warnings {
		i.warning++
		i.addProblem(warned, w.Code, report.Example{
			Manifest: manifest.Place(d.Manifest, d.Member), Entry: d.Entry, Line: d.Line, ID: d.ID, Thing: d.ThingName, Detail: w.Detail,
		}, limit)
	}
}

func (i *inspected) addProblem(outcome string, reason manifest.Reason, e report.Example, limit int) {
	if i.problems == nil {
		i.problems = map[problemKey]*Problem{}
	}
	key := problemKey{outcome, string(reason)}
	p := i.problems[key]
	if p == nil {
		p = &Problem{Outcome: outcome, Reason: string(reason)}
		i.problems[key] = p
	}
	p.add(1, []report.Example{e}, limit)
}

func (p *Problem) add(count int, examples []report.Example, limit int) {
	p.Count += count
	p.Examples = append(p.Examples, examples...)
	if limit > 0 && len(p.Examples) > limit {
		p.Examples = p.Examples[:limit]
	}
}

// head describes the manifest for people.
func (i *inspected) head() string {
	text := plain.Sprintf("%s: %s, %s\n", i.name, i.vendor, progress.Plural(i.entries, "entry", "entries"))
	if i.devices == 0 {
		return text
	}
	var keys []string
	for _, name := range ledger.ByCount(i.keys) {
		keys = append(keys, progress.Count(i.keys[name])+" "+name)
	}
	return text + fmt.Sprintf("  keys: %s\n  validity: %s to %s\n", strings.Join(keys, ", "),
		i.from.UTC().Format(time.DateOnly), i.to.UTC().Format(time.DateOnly))
}

// summaryOf adds manifests up.
func summaryOf(manifests []inspected, remedies map[manifest.Reason]engine.Remedy) inspectSummary {
	s := inspectSummary{Type: "summary", Reasons: map[manifest.Reason]int{}}
	for _, i := range manifests {
		s.Entries += i.entries
		s.Devices += i.devices
		s.Rejected += i.rejected
		s.Skipped += i.skipped
		s.Warnings += i.warning
		for key, p := range i.problems {
			if key.outcome == string(ledger.Rejected) {
				s.Reasons[manifest.Reason(key.reason)] += p.Count
			}
		}
	}
	s.Rejections = rejectionsOf(s.Reasons, remedies, advice.CLI)
	return s
}

// problemsOf returns the problems of all manifests: rejected entries, skipped ones and warnings, each
// with the most frequent reason first.
func problemsOf(manifests []inspected, remedies map[manifest.Reason]engine.Remedy, limit int) []Problem {
	merged := map[problemKey]*Problem{}
	for _, i := range manifests {
		for key, p := range i.problems {
			if merged[key] == nil {
				merged[key] = &Problem{Outcome: p.Outcome, Reason: p.Reason}
			}
			merged[key].add(p.Count, p.Examples, limit)
		}
	}
	order := []string{string(ledger.Rejected), string(ledger.Skipped), warned}
	var list []Problem
	for _, p := range merged {
		p.AllWith = "--all"
		if p.Outcome == string(ledger.Rejected) {
			p.Todo = advice.ForRejected(manifest.Reason(p.Reason), remedies[manifest.Reason(p.Reason)], advice.CLI).Todo
			p.AllWith = "--rejected"
		}
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Problem) int {
		return cmp.Or(slices.Index(order, a.Outcome)-slices.Index(order, b.Outcome), b.Count-a.Count, strings.Compare(a.Reason, b.Reason))
	})
	for i, p := range list {
		if p.Outcome == warned && p.Count > 1 {
			list[i].Outcome = "warnings"
		}
	}
	return list
}

// A Problem is a reason for which entries are rejected, failed or skipped, or devices have a warning.
type Problem struct {
	Outcome  string // such as "rejected"
	Reason   string // its code
	Count    int
	Examples []report.Example // the first of them
	Todo     string           // what to do; may be empty
	AllWith  string           // the flag that shows all of them; empty if there is none
}

// ProblemsText lists problems for people. The text is clean and may have colours.
func ProblemsText(problems []Problem, streams terminal.Streams) string {
	var b strings.Builder
	for _, p := range problems {
		ink := terminal.Red
		if p.Outcome != "failed" && p.Outcome != string(ledger.Rejected) {
			ink = terminal.Yellow
		}
		b.WriteString("\n" + streams.Ink(ink, progress.Count(p.Count)+" "+p.Outcome) + ": " + plain.Text(p.Reason) + "\n")
		for _, e := range p.Examples {
			plain.Fprintf(&b, "  %s\n    %s\n", exampleText(e), withoutID(e))
		}
		if p.Count > len(p.Examples) && len(p.Examples) > 0 {
			fmt.Fprintf(&b, "  and %s more", progress.Count(p.Count-len(p.Examples)))
			if p.AllWith != "" {
				b.WriteString("; " + p.AllWith + " lists all")
			}
			b.WriteByte('\n')
		}
		if p.Todo != "" {
			plain.Fprintf(&b, "  what to do: %s\n", p.Todo)
		}
	}
	return b.String()
}

// withoutID returns the detail of an example without the ID that it begins with, which
// [exampleText] has.
func withoutID(e report.Example) string {
	kind, detail, _ := strings.Cut(e.Detail, " "+e.ID+": ")
	if e.ID == "" || detail == "" || strings.Contains(kind, " ") {
		return e.Detail
	}
	return detail
}

// exampleText says which entry an example is.
func exampleText(e report.Example) string {
	var parts []string
	if e.Thing != "" {
		parts = append(parts, "thing "+e.Thing)
	}
	if e.ID != "" && e.ID != e.Thing {
		parts = append(parts, "ID "+e.ID)
	}
	place := fmt.Sprintf("entry %d", e.Entry)
	if e.Line > 0 {
		place += fmt.Sprintf(" (line %d)", e.Line)
	}
	return strings.Join(append(parts, place+" of "+e.Manifest), ", ")
}
