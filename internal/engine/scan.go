package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A ScanResult is what the first pass found out.
type ScanResult struct {
	// Manifests are as a ledger wants them, with their numbers of entries.
	Manifests []ledger.Manifest
	// Entries is how many there are; Devices, Rejected and Skipped say what they are.
	Entries, Devices, Rejected, Skipped int
	// Repeated are the skipped entries that are identical repetitions, Filtered those that --only and --skip leave out.
	Repeated, Filtered int
	// Reasons are the rejected entries by reason, and Warnings count what was taken nevertheless.
	Reasons, Warnings map[manifest.Reason]int
	// Breaks are the places at which manifests could not be read any further.
	Breaks []*manifest.FileError
	// Unmatched are the lines of --only and --skip that named no device.
	UnmatchedOnly, UnmatchedSkip []string
	// Examples are the first few devices.
	Examples []manifest.Device

	now      time.Time // against which validity is held, in both passes
	index    *Index
	first    []int // number of the first entry, by manifest
	rejected bitset
	stops    [][]manifest.Position // where reading can be resumed, by manifest
}

const (
	maxExamples = 5
	// stopEvery is the distance of the places at which reading can be resumed.
	stopEvery = 1 << 10
)

// A BreakError says that manifests could not be read to their end, and that
// nothing is imported for it.
type BreakError struct {
	Breaks []*manifest.FileError
}

// Error tells the first break, and how many there are.
func (e *BreakError) Error() string {
	if len(e.Breaks) == 1 {
		return e.Breaks[0].Error()
	}
	return fmt.Sprintf("%v; and %d more manifests that cannot be read to their end", e.Breaks[0], len(e.Breaks)-1)
}

// Unwrap returns the breaks.
func (e *BreakError) Unwrap() []error {
	errs := make([]error, len(e.Breaks))
	for i, b := range e.Breaks {
		errs[i] = b
	}
	return errs
}

// PrivateKey says whether one of the manifests carries a readable private key.
func (e *BreakError) PrivateKey() bool {
	for _, b := range e.Breaks {
		if b.Reason == manifest.ReasonPrivateKey {
			return true
		}
	}
	return false
}

// Scan is the first pass: it decodes and judges every entry of every manifest,
// and calls nothing. Memory is about 30 bytes per entry.
//
// Where a manifest breaks off it reads the others, and returns a *[BreakError]
// beside what it found; with [Settings.Partial] the break counts as one rejected
// entry instead, unless it is a private key. Content that changed since
// [OpenSource] and an ended context end it at once.
func Scan(ctx context.Context, sources []*Source, settings Settings, events Events) (*ScanResult, error) {
	s := &ScanResult{
		Reasons: map[manifest.Reason]int{}, Warnings: map[manifest.Reason]int{},
		index: NewIndex(), now: settings.Decode.Now,
	}
	if s.now.IsZero() {
		s.now = time.Now()
	}
	settings.Decode.Now = s.now
	run := scanner{scan: s, settings: settings, events: events}
	fatal := false
	for i, source := range sources {
		err := run.read(ctx, i, source)
		var broken *manifest.FileError
		switch {
		case err == nil:
		case errors.As(err, &broken) && broken.Reason != manifest.ReasonChanged && ctx.Err() == nil:
			s.Breaks = append(s.Breaks, broken)
			if !settings.Partial || broken.Reason == manifest.ReasonPrivateKey {
				fatal = true
			}
		default:
			return s, err
		}
		s.Manifests = append(s.Manifests, source.Manifest(s.Entries-s.first[i]))
		source.blocks.drop()
	}
	s.UnmatchedOnly, s.UnmatchedSkip = settings.Only.Unmatched(), settings.Skip.Unmatched()
	if fatal {
		return s, &BreakError{Breaks: s.Breaks}
	}
	events.send(Scanned{Scan: s})
	return s, nil
}

// scanner is the state of a first pass.
type scanner struct {
	scan     *ScanResult
	settings Settings
	events   Events
	told     time.Time
}

func (r *scanner) read(ctx context.Context, m int, source *Source) error {
	s := r.scan
	s.first = append(s.first, s.Entries)
	s.stops = append(s.stops, nil)
	stop := manifest.Position{}
	for device, err := range source.Decoder.Decode(ctx, source.Input, r.settings.Decode) {
		if changed := source.blocks.difference(); changed != nil {
			return changed
		}
		var entry *manifest.EntryError
		if err != nil && !errors.As(err, &entry) {
			return r.breakOff(ctx, err)
		}
		stop.Entry = s.Entries - s.first[m]
		if stop.Entry%stopEvery == 0 {
			if stop.Line = device.Line; entry != nil {
				stop.Line = entry.Line
			}
			s.stops[m] = append(s.stops[m], stop)
		}
		if stop.Offset = device.End; entry != nil {
			stop.Offset = entry.End
		}
		s.judge(&device, entry, r.settings)
		r.tell(source)
	}
	return errors.Join(source.blocks.difference(), ctx.Err())
}

// breakOff counts the break of a partial import as one rejected entry.
func (r *scanner) breakOff(ctx context.Context, err error) error {
	var broken *manifest.FileError
	if ctx.Err() == nil && errors.As(err, &broken) && r.settings.Partial &&
		broken.Reason != manifest.ReasonPrivateKey && broken.Reason != manifest.ReasonChanged {
		r.scan.reject(broken.Reason)
	}
	return err
}

func (r *scanner) tell(source *Source) {
	if r.events == nil || r.scan.Entries%64 != 0 {
		return
	}
	if now := time.Now(); now.Sub(r.told) >= tellEvery {
		r.told = now
		r.events.send(Scanning{Manifest: source.Input.Name, Entries: r.scan.Entries, Rejected: r.scan.Rejected})
	}
}

// judge counts one entry.
func (s *ScanResult) judge(device *manifest.Device, entry *manifest.EntryError, settings Settings) {
	if entry != nil {
		s.reject(entry.Reason)
		return
	}
	if settings.leavesOut(device) {
		s.index.Skip()
		s.Entries++
		s.Skipped++
		s.Filtered++
		return
	}
	if _, err := settings.Attachments.attributesOf(device); err != nil {
		s.reject(manifest.ReasonOf(err))
		return
	}
	switch verdict, _ := s.index.Add(device); verdict {
	case Contradictory:
		s.rejected.set(s.Entries)
		s.Rejected++
		s.Reasons[manifest.ReasonContradiction]++
	case Repeated:
		s.Skipped++
		s.Repeated++
	default:
		s.Devices++
		for _, w := range device.Warnings {
			s.Warnings[w.Code]++
		}
		if len(s.Examples) < maxExamples {
			s.Examples = append(s.Examples, *device)
		}
	}
	s.Entries++
}

func (s *ScanResult) reject(reason manifest.Reason) {
	s.index.Skip()
	s.rejected.set(s.Entries)
	s.Entries++
	s.Rejected++
	s.Reasons[reason]++
}

// leavesOut says whether --only or --skip leave the device out. Both lists are
// asked, so that each knows what it matched.
func (s Settings) leavesOut(d *manifest.Device) bool {
	only, skip := s.Only.names(d), s.Skip.names(d)
	return skip || s.Only != nil && !only
}

// place returns manifest and entry of a number among all entries.
func (s *ScanResult) place(number int) ledger.Place {
	m := len(s.first) - 1
	for m > 0 && s.first[m] > number {
		m--
	}
	return ledger.Place{Manifest: m, Entry: number - s.first[m]}
}

// stop returns the last place at or before an entry at which reading can begin.
func (s *ScanResult) stop(m, entry int) manifest.Position {
	stops := s.stops[m]
	if len(stops) == 0 {
		return manifest.Position{}
	}
	return stops[min(entry/stopEvery, len(stops)-1)]
}
