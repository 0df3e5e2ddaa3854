package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A fault of some seconds used to move the estimate of five minutes to fourteen.
func TestRemainingTimeIsNotMovedByASlowMoment(t *testing.T) {
	t.Parallel()
	const total, rate = 3000, 10.0
	random := rand.New(rand.NewPCG(1, 2))
	var p pace
	now := time.Unix(0, 0)
	p.add(now, 0, false)
	done := 0.0
	for tick := 1; done < total; tick++ {
		now = now.Add(200 * time.Millisecond)
		speed := rate * 2 * random.Float64()
		if second := tick / 5 % 60; second < 4 { // four slow seconds a minute
			speed /= 10
		}
		done += speed / 5
		p.add(now, int(done), false)
		want := time.Duration((total - done) / (rate * 0.94) * float64(time.Second))
		if tick < 5*60 || want < 5*time.Second {
			continue
		}
		if got := p.left(total - int(done)); got < want*8/10 || got > want*12/10 {
			t.Fatalf("after %d s: %v left, want %v", tick/5, got, want)
		}
	}
}

func TestRemainingTimeIgnoresPausesAndFollowsAnotherPath(t *testing.T) {
	t.Parallel()
	var p pace
	now := time.Unix(0, 0)
	done := 0
	for _, leg := range []struct {
		seconds, each int
		paused        bool
	}{{600, 5, false}, {600, 0, true}, {900, 50, false}} {
		for range leg.seconds {
			now, done = now.Add(time.Second), done+leg.each
			p.add(now, done, leg.paused)
			if leg.paused && p.left(1000) != 200*time.Second {
				t.Fatalf("%v left in a pause", p.left(1000))
			}
		}
	}
	if got := p.left(10_000); got < 190*time.Second || got > 240*time.Second {
		t.Errorf("%v left at 50 devices/s for fifteen minutes", got)
	}
	if got := new(pace).left(10); got != 0 {
		t.Errorf("%v left before the first device", got)
	}
}
