package report

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/ledger"
)

func at(second int64) ledger.Record {
	return ledger.Record{Outcome: ledger.Imported, At: time.Unix(second, 0)}
}

// A night between two runs would make both of them a line.
func TestPausesAreLeftOutOfTheTimeline(t *testing.T) {
	t.Parallel()
	c := clock{}
	for _, second := range []int64{100, 100, 101, 103, 50_000, 50_001} {
		c.add(at(second))
	}
	c.add(ledger.Record{Outcome: ledger.Rejected, At: time.Unix(9_000, 0)}) // took no call
	want := Timeline{Width: time.Second, Stretches: []Stretch{
		{time.Unix(100, 0), time.Unix(104, 0), []float64{2, 1, 0, 1}},
		{time.Unix(50_000, 0), time.Unix(50_002, 0), []float64{1, 1}},
	}}
	if diff := cmp.Diff(want, c.timeline()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if none := (clock{}).timeline(); len(none.Stretches) > 0 || none.Highest() != 0 {
		t.Errorf("an import without devices: %+v", none)
	}
}

func TestTimelineLosesNoDevice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, devices, now := clock{}, 0, int64(1_700_000_000)
		for range rapid.IntRange(1, 40).Draw(t, "bursts") {
			now += rapid.Int64Range(1, 20_000).Draw(t, "pause")
			for range rapid.IntRange(1, 30).Draw(t, "seconds") {
				now++
				n := rapid.IntRange(1, 50).Draw(t, "devices")
				c[now] += n
				devices += n
			}
		}
		line, sum, intervals := c.timeline(), 0.0, 0
		for _, s := range line.Stretches {
			intervals += len(s.Rates)
			for i, rate := range s.Rates {
				from := s.Begun.Add(time.Duration(i) * line.Width)
				to := from.Add(line.Width)
				if to.After(s.Ended) {
					to = s.Ended
				}
				sum += rate * to.Sub(from).Seconds()
			}
		}
		if math.Abs(sum-float64(devices)) > 1e-6*float64(devices) {
			t.Errorf("%v of %d devices", sum, devices)
		}
		if intervals > maxIntervals+maxStretches || len(line.Stretches) > maxStretches {
			t.Errorf("%d intervals in %d stretches", intervals, len(line.Stretches))
		}
	})
}
