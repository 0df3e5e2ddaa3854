package report

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A Timeline is the rate of an import over time, in the stretches in which it worked. Pauses of a
// minute or more, such as those between runs, are left out.
type Timeline struct {
	// Width is the duration of each interval but the last one of a stretch.
	Width     time.Duration
	Stretches []Stretch
}

// A Stretch is a time in which an import worked.
type Stretch struct {
	Begun, Ended time.Time
	// Rates are devices per second in each interval.
	Rates []float64
}

// Limits of a timeline.
const (
	maxIntervals = 180
	maxStretches = 12
	shortPause   = 60 // seconds
)

// A clock counts the devices of each second.
type clock map[int64]int

// add counts a record. Rejected and skipped entries took no calls.
func (c clock) add(r ledger.Record) {
	if r.Outcome != ledger.Rejected && r.Outcome != ledger.Skipped && !r.At.IsZero() {
		c[r.At.Unix()]++
	}
}

// timeline returns the rates in at most maxIntervals intervals, and one more for each stretch.
func (c clock) timeline() Timeline {
	seconds := slices.Sorted(maps.Keys(c))
	var parts [][]int64
	for pause := int64(shortPause); ; pause *= 2 {
		if parts = slices.Collect(splitAt(seconds, pause)); len(parts) <= maxStretches {
			break
		}
	}
	worked := int64(0)
	for _, part := range parts {
		worked += part[len(part)-1] - part[0] + 1
	}
	width := intervalFor(worked)
	t := Timeline{Width: time.Duration(width) * time.Second}
	for _, part := range parts {
		begun, ended := part[0], part[len(part)-1]+1
		rates := make([]float64, (ended-begun+width-1)/width)
		for _, second := range part {
			rates[(second-begun)/width] += float64(c[second])
		}
		for i := range rates {
			from := begun + int64(i)*width
			rates[i] /= float64(min(from+width, ended) - from)
		}
		t.Stretches = append(t.Stretches, Stretch{time.Unix(begun, 0), time.Unix(ended, 0), rates})
	}
	return t
}

// splitAt yields the parts of sorted times between which at least this many seconds are empty.
func splitAt(seconds []int64, pause int64) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		from := 0
		for i := range seconds {
			if last := i == len(seconds)-1; last || seconds[i+1]-seconds[i] > pause {
				if !yield(seconds[from : i+1]) {
					return
				}
				from = i + 1
			}
		}
	}
}

// intervalFor returns the duration of intervals, a round number of seconds.
func intervalFor(worked int64) int64 {
	width := int64(1)
	for _, width = range [...]int64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600} {
		if worked <= width*maxIntervals {
			return width
		}
	}
	for worked > width*maxIntervals {
		width *= 2
	}
	return width
}

// Highest returns the highest rate.
func (t Timeline) Highest() float64 {
	highest := 0.0
	for _, s := range t.Stretches {
		highest = max(highest, slices.Max(s.Rates))
	}
	return highest
}
