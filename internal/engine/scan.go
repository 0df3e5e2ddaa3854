package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A ScanResult is the result of the first pass.
type ScanResult struct {
	// Manifests are in the form that a ledger takes, with their numbers of entries.
	Manifests []ledger.Manifest
	// Entries = Devices + Rejected + Skipped.
	Entries, Devices, Rejected, Skipped int
	// Repeated counts the skipped entries that are identical repetitions, Filtered those that Only and Skip exclude.
	Repeated, Filtered int
	// Reasons counts the rejected entries by reason, Warnings the warnings about accepted ones.
	Reasons, Warnings map[manifest.Reason]int
	// Remedies has the facts about the rejected entries by reason.
	Remedies map[manifest.Reason]Remedy
	// TestMaterial counts the devices whose certificates anyone can make; see
	// [manifest.Device.IsTestMaterial].
	TestMaterial int
	// Breaks are the errors that ended manifests early.
	Breaks []*manifest.FileError
	// UnmatchedOnly and UnmatchedSkip are the lines of Only and Skip that matched no device.
	UnmatchedOnly, UnmatchedSkip []string
	// Examples are the first few devices.
	Examples []manifest.Device

	now        time.Time // with which validity is compared, in both passes
	judge      *Judge
	rejected   bitset
	rejections ledger.Tally
	stops      [][]manifest.Position // where reading can be resumed, by manifest
}

// Rejections returns why entries were rejected, the most frequent reason first, with the first
// entries of each.
func (s *ScanResult) Rejections() []ledger.Reason { return s.rejections.Reasons() }

const (
	// MaxExamples is the number of devices that a scan and a comparison keep as examples.
	MaxExamples = 5
	// stopEvery is the number of entries between places at which reading can be resumed.
	stopEvery = 1 << 10
)

// A BreakError is returned if manifests could not be read to their end, so that
// nothing may be imported.
type BreakError struct {
	Breaks []*manifest.FileError
}

// Error describes the first break and counts the others.
func (e *BreakError) Error() string {
	if len(e.Breaks) == 1 {
		return e.Breaks[0].Error()
	}
	return fmt.Sprintf("%v; other manifests that cannot be read to their end: %d", e.Breaks[0], len(e.Breaks)-1)
}

// Unwrap returns the breaks.
func (e *BreakError) Unwrap() []error {
	errs := make([]error, len(e.Breaks))
	for i, b := range e.Breaks {
		errs[i] = b
	}
	return errs
}

// PrivateKey reports whether one of the manifests carries a readable private key.
func (e *BreakError) PrivateKey() bool {
	for _, b := range e.Breaks {
		if b.Reason == manifest.ReasonPrivateKey {
			return true
		}
	}
	return false
}

// Scan is the first pass: it decodes and judges every entry of every manifest
// and makes no calls. It needs about 48 bytes of memory per entry.
//
// If a manifest breaks off, Scan still reads the others and returns a
// *[BreakError] together with the result. With [Settings.Partial] the break
// counts as one rejected entry instead, unless it is a private key. Scan returns
// at once if content changed since [OpenSource], or if ctx ends.
func Scan(ctx context.Context, sources []*Source, settings Settings, events Events) (*ScanResult, error) {
	now := settings.Decode.Now
	if now.IsZero() {
		now = time.Now()
	}
	settings.Decode.Now = now
	s := &ScanResult{Reasons: map[manifest.Reason]int{}, Warnings: map[manifest.Reason]int{}, now: now, judge: NewJudge(settings)}
	tell := scanProgress(s, events)
	fatal := false
	for i, source := range sources {
		err := s.readManifest(ctx, i, source, settings, tell)
		var broken *manifest.FileError
		switch {
		case err == nil:
		case errors.As(err, &broken) && broken.Reason != manifest.ReasonChanged && ctx.Err() == nil:
			s.Breaks = append(s.Breaks, broken)
			if !partial(settings, broken) {
				fatal = true
			}
		default:
			return s, err
		}
		s.Manifests = append(s.Manifests, source.Manifest(s.judge.layout.entries(i)))
		source.blocks.drop()
	}
	s.Remedies = s.judge.Remedies()
	s.UnmatchedOnly, s.UnmatchedSkip = settings.Only.Unmatched(), settings.Skip.Unmatched()
	if fatal {
		return s, &BreakError{Breaks: s.Breaks}
	}
	events.send(Scanned{Scan: s})
	return s, nil
}

// partial reports whether to import what precedes a break.
func partial(s Settings, broken *manifest.FileError) bool {
	return s.Partial && broken.Reason != manifest.ReasonPrivateKey && broken.Reason != manifest.ReasonChanged
}

func (s *ScanResult) readManifest(ctx context.Context, m int, source *Source, settings Settings,
	tell func(string, *manifest.Device, Verdict),
) error {
	s.judge.Begin(source.Input.Name)
	s.stops = append(s.stops, nil)
	stop := manifest.Position{}
	for device, err := range source.Decoder.Decode(ctx, source.Input, settings.Decode) {
		if changed := source.blocks.difference(); changed != nil {
			return changed
		}
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			var broken *manifest.FileError
			if ctx.Err() == nil && errors.As(err, &broken) && partial(settings, broken) {
				s.judgeNext(m, &manifest.Device{}, breakEntry(broken))
			}
			return err
		}
		line, end := device.Line, device.End
		if rejected != nil {
			line, end = rejected.Line, rejected.End
		}
		if stop.Entry = s.judge.layout.entries(m); stop.Entry%stopEvery == 0 {
			stop.Line = line
			s.stops[m] = append(s.stops[m], stop)
		}
		stop.Offset = end
		tell(source.Input.Name, &device, s.judgeNext(m, &device, rejected))
	}
	return errors.Join(source.blocks.difference(), ctx.Err())
}

// breakEntry returns the rejected entry that stands for the break of a partial import.
func breakEntry(broken *manifest.FileError) *manifest.EntryError {
	return &manifest.EntryError{
		Vendor: broken.Vendor, Manifest: broken.Manifest, Member: broken.Member, Entry: broken.Entry, Line: broken.Line,
		Reason: broken.Reason, Err: fmt.Errorf("the manifest cannot be read any further: %w", broken.Err),
	}
}

// scanProgress returns a function that sends [Judged] for a device, and [Scanning] about five times a second.
func scanProgress(s *ScanResult, events Events) func(string, *manifest.Device, Verdict) {
	var told time.Time
	return func(manifest string, d *manifest.Device, v Verdict) {
		if events != nil && v.Outcome == "" {
			events(Judged{d, v.Thing, v.Wanted})
		}
		if events == nil || s.Entries%64 != 0 {
			return
		}
		if now := time.Now(); now.Sub(told) >= tellEvery {
			told = now
			events.send(Scanning{Manifest: manifest, Entries: s.Entries, Rejected: s.Rejected})
		}
	}
}

// judgeNext judges the next entry of manifest m, and counts it.
func (s *ScanResult) judgeNext(m int, device *manifest.Device, rejected *manifest.EntryError) Verdict {
	place := ledger.Place{Manifest: m, Entry: s.judge.layout.entries(m)}
	v := s.judge.Next(device, rejected)
	switch v.Outcome {
	case ledger.Rejected:
		s.rejections.Add(refusedRecord(place, device, rejected, v))
		s.rejected.set(s.Entries)
		s.Rejected++
		s.Reasons[v.Reason]++
	case ledger.Skipped:
		s.Skipped++
		if v.Reason == ReasonFiltered {
			s.Filtered++
		} else {
			s.Repeated++
		}
	default:
		s.Devices++
		if device.IsTestMaterial() {
			s.TestMaterial++
		}
		for _, w := range device.Warnings {
			s.Warnings[w.Code]++
		}
		if len(s.Examples) < MaxExamples {
			s.Examples = append(s.Examples, *device)
		}
	}
	s.Entries++
	return v
}

// Names reports whether an entry names a certificate as its signer.
func (s *ScanResult) Names(signer manifest.CertificateID) bool { return s.judge.Names(signer) }

// stop returns the last place at or before an entry at which reading can begin.
func (s *ScanResult) stop(m, entry int) manifest.Position {
	stops := s.stops[m]
	if len(stops) == 0 {
		return manifest.Position{}
	}
	return stops[min(entry/stopEvery, len(stops)-1)]
}

// Scanned is sent at the end of the first pass.
type Scanned struct{ Scan *ScanResult }

func (Scanned) event() {}
