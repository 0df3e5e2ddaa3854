package quota

import (
	"math"
	"testing"
	"time"
)

func TestWindowHoldsWhatLittlesLawAsks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		rate        float64
		latency     time.Duration
		depth       int
		least, most int
		want        int
	}{
		{"default quotas", 10, 40 * time.Millisecond, 3, 1, 1000, 5},
		{"ten times the quotas", 100, 40 * time.Millisecond, 3, 1, 1000, 21},
		{"slow endpoint", 100, 3 * time.Second, 3, 1, 1000, 1000},
		{"never below the least", 0.5, time.Millisecond, 3, 8, 1000, 8},
		{"unlimited", math.Inf(1), time.Millisecond, 3, 8, 1000, 1000},
		{"nothing measured, unlimited", math.Inf(1), 0, 3, 8, 1000, 1000},
		{"nothing measured", 100, 0, 3, 8, 1000, 8},
		{"no depth", 100, 100 * time.Millisecond, 0, 1, 1000, 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := WindowSize(tt.rate, tt.latency, tt.depth, tt.least, tt.most); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestLatencyFollowsWhatIsObserved(t *testing.T) {
	t.Parallel()
	var l Latency
	if l.High() != 0 {
		t.Errorf("before the first observation: %v", l.High())
	}
	for range 1000 {
		l.Observe(40 * time.Millisecond)
	}
	if got := l.High(); got < 40*time.Millisecond || got > 41*time.Millisecond {
		t.Errorf("steady 40 ms: %v", got)
	}
	for i := range 1000 {
		l.Observe(time.Duration(20+i%41) * time.Millisecond)
	}
	if got := l.High(); got < 50*time.Millisecond || got > 80*time.Millisecond {
		t.Errorf("20 to 60 ms: %v", got)
	}
}
