package cli

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// An importView turns events into lines.
type importView struct {
	printer *progress.Printer
	why     string // lists are read
}

func (v *importView) event(event engine.Event) {
	switch e := event.(type) {
	case engine.Scanning:
		v.printer.Update(progress.Status{Phase: "checking " + e.Manifest, Done: int64(e.Entries), Rejected: int64(e.Rejected)})
	case engine.Continued:
		v.printer.Note("earlier runs: %s imported, %s unchanged, %s failed; %s were in flight",
			progress.Count(int64(e.Counts.Imported)), progress.Count(int64(e.Counts.Unchanged)),
			progress.Count(int64(e.Counts.Failed)), progress.Count(int64(e.InFlight)))
	case engine.Progress:
		v.printer.Update(statusOf(e))
	case engine.Comparing:
		v.printer.Update(progress.Status{Phase: "comparing", Done: int64(e.Done), Total: int64(e.Total), Rate: e.Rate, Ceiling: e.Ceiling, Binding: e.Binding})
	case engine.Paused:
		v.printer.Note("paused: nothing answers (%v); one call every five seconds looks whether that has changed", e.Cause)
	case engine.Resumed:
		v.printer.Note("going on: the endpoint answers again after %s", progress.Duration(e.After))
	case engine.Reading:
		if e.Done {
			v.printer.Note("%sread %d pages of %s", v.why, e.Pages, e.Operation)
		} else {
			v.printer.Update(progress.Status{Phase: v.why + "reading " + e.Operation, Note: fmt.Sprintf("page %d", e.Pages)})
		}
	case engine.Slowed:
		v.printer.Note("throttled: %s now at %s/s", e.Operation, progress.Rate(e.Rate))
	}
}

func statusOf(e engine.Progress) progress.Status {
	c := e.Counts
	s := progress.Status{
		Phase: "importing", Done: int64(c.Entries - c.Pending()), Total: int64(c.Entries),
		Rate: e.Rate, Binding: e.Binding, Failed: int64(c.Failed), Rejected: int64(c.Rejected),
	}
	if !math.IsInf(e.Ceiling, 0) {
		s.Ceiling = e.Ceiling
	}
	if e.Paused {
		s.Note = "paused"
	}
	return s
}

// showScan tells what the manifests hold.
func (p *preparation) showScan() {
	s := p.scan
	n := func(n int) string { return progress.Count(int64(n)) }
	for _, m := range s.Manifests {
		p.printer.Note("%s: %s, %s entries", m.Name, m.Vendor, n(m.Entries))
	}
	p.printer.Note("%s devices to import, %s entries rejected, %s skipped (%s identical repetitions, %s left out by --only and --skip)",
		n(s.Devices), n(s.Rejected), n(s.Skipped), n(s.Repeated), n(s.Filtered))
	for _, reason := range byCount(s.Reasons) {
		p.printer.Note("  %s rejected, %s", n(s.Reasons[reason]), withTodo(reason, advice.CLI))
	}
	for _, reason := range byCount(s.Warnings) {
		p.printer.Note("  %s taken with a warning, %s", n(s.Warnings[reason]), reason)
	}
	if p.flags.output == outputText && !p.flags.quiet {
		for flag, lines := range map[string][]string{"--only": s.UnmatchedOnly, "--skip": s.UnmatchedSkip} {
			for i, line := range lines {
				if i == 10 {
					p.printer.Note("  and %s more", n(len(lines)-i))
					break
				}
				p.printer.Note("  %s names %s, which no entry has", flag, manifest.Quote(line))
			}
		}
	}
}

func byCount(reasons map[manifest.Reason]int) []manifest.Reason {
	return slices.SortedFunc(maps.Keys(reasons), func(a, b manifest.Reason) int {
		if d := reasons[b] - reasons[a]; d != 0 {
			return d
		}
		return slices.Compare([]byte(a), []byte(b))
	})
}

// showCeiling tells how long it will take, and why.
func (p *preparation) showCeiling() {
	a := p.settings.Attachments
	calls := quota.FreshPath(p.quotas, len(a.Policies), len(a.ThingGroups))
	ceiling, binding := quota.Ceiling(p.quotas, calls)
	if math.IsInf(ceiling, 1) {
		p.printer.Note("%.0f calls per device; no quota limits them", calls.Total())
		return
	}
	left := time.Duration(float64(p.scan.Devices) / ceiling * float64(time.Second))
	p.printer.Note("%.0f calls per device; ceiling %s devices/s (%s at %s/s), %s for devices that are new", calls.Total(), progress.Rate(ceiling), binding,
		progress.Rate(p.quotas.TPS(binding)), progress.Duration(left))
	p.printer.Note("quotas: %s", p.quotasFrom)
}
