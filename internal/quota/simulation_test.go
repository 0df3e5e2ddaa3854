package quota

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func one(limiter *Limiter) client { return client{limiter: limiter, workers: 32} }

// enough returns longest, or the time of 30,000 calls if that is less. The controller decides
// after tens of calls and half a minute at most, so a longer run at a high rate shows nothing
// new.
func enough(tps float64, longest time.Duration) time.Duration {
	return min(longest, max(seconds(30_000/tps), 90*time.Second))
}

func TestKnownQuotaIsUsedWithoutThrottling(t *testing.T) {
	t.Parallel()
	for _, tps := range []float64{1, 2, 10, 15, 40, 100, 350} {
		for _, workers := range []int{32, 300} {
			t.Run(fmt.Sprint(tps, " by ", workers), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := one(NewLimiter(tps, Options{}))
					c.workers = workers
					// The seconds of two machines differ by 0.12 % at most (docs/adr/0003-rate-controller.md).
					const drift = 0.002
					r := simulate(t, newServer(tps*(1-drift)), enough(tps, 10*time.Minute), c)[0]
					least := 0.99
					if tps < 2 {
						least = 0.95
					}
					// Ignore the burst at the start, which would weigh more in shorter runs.
					if got := r.rate(0.1, 1) / tps; got < least || r.refused > 0 {
						t.Errorf("%.3f of the quota, %d throttled", got, r.refused)
					}
				})
			})
		}
	}
}

func TestQuotaConfiguredTooLowIsKeptTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := simulate(t, newServer(1000), time.Hour, one(NewLimiter(10, Options{})))[0]
		if got := r.rate(0, 1); got > 10 || got < 9.8 || r.refused > 0 {
			t.Errorf("%.2f calls/s of the 10 that the operator allowed, %d throttled", got, r.refused)
		}
	})
}

func TestRealLimitIsFoundWhereTheQuotaIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		believed, real   float64
		length           time.Duration
		least, throttled float64 // used share of the real limit; share of the calls
	}{
		{100, 50, time.Minute, 0.92, 0.02},
		{100, 50, 10 * time.Minute, 0.98, 0.01},
		{10, 5, time.Hour, 0.98, 0.02}, // in ten minutes so few calls are throttled that their order decides
		{15, 7.5, 10 * time.Minute, 0.98, 0.02},
		{350, 175, 3 * time.Minute, 0.98, 0.02},
		{10, 9, time.Hour, 0.98, 0.02},
		{100, 80, 5 * time.Minute, 0.98, 0.02},
		{100, 10, time.Hour, 0.98, 0.03},
		{10, 1, time.Hour, 0.75, 0.1},
		{math.Inf(1), 50, 10 * time.Minute, 0.92, 0.05},
	} {
		t.Run(fmt.Sprintf("%g instead of %g for %v", tt.real, tt.believed, tt.length), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := simulate(t, newServer(tt.real), tt.length, one(NewLimiter(tt.believed, Options{})))[0]
				if got := r.rate(0, 1) / tt.real; got < tt.least {
					t.Errorf("%.3f of the real limit, want %g", got, tt.least)
				}
				if got := r.throttled(); got > tt.throttled {
					t.Errorf("%.4f of the calls throttled, want %g at most", got, tt.throttled)
				}
			})
		})
	}
}

func TestThrottlingThatIgnoresTheRateDoesNotStarve(t *testing.T) {
	t.Parallel()
	for _, tps := range []float64{10, 15, 100} {
		for _, fault := range []float64{0.05, 0.1} {
			t.Run(fmt.Sprint(tps, " with ", fault), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newServer(tps)
					s.fault = fault
					r := simulate(t, s, min(time.Hour, seconds(60_000/tps)), one(NewLimiter(tps, Options{})))[0]
					if got := r.rate(0, 1) / tps / (1 - fault); got < 0.9 {
						t.Errorf("%.3f of the possible rate", got)
					}
					// A tenth of the run contains hundreds of random faults, and perhaps a
					// trial of half a minute.
					if first, last := r.rate(0, 0.1), r.rate(0.9, 1); last < 0.93*first {
						t.Errorf("%.2f calls/s in the last tenth, %.2f in the first", last, first)
					}
					if r.stats.TakenBack == 0 || r.stats.Ambient == 0 {
						t.Errorf("not recognised: %+v", r.stats)
					}
				})
			})
		}
	}
}

// Four operations in a row share the faults, as in an import: each cut of one of them stops the
// devices of all. The first five minutes include the time in which the faults are recognised.
func TestFaultsCostAnImportHardlyMoreThanThemselves(t *testing.T) {
	t.Parallel()
	const seeds, fault, length = 6, 0.05, 5 * time.Minute
	var sum float64
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) {
			var limiters []*Limiter
			var servers []*server
			for i, tps := range []float64{10, 100, 100, 15} {
				limiters = append(limiters, NewLimiter(tps, Options{}))
				servers = append(servers, newServer(tps))
				servers[i].fault, servers[i].random = fault, rand.New(rand.NewPCG(seed, uint64(i)))
			}
			var devices atomic.Int64
			start := time.Now()
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					for {
						for i, limiter := range limiters {
							callUntilAccepted(t, limiter, servers[i])
						}
						if time.Since(start) > length {
							return
						}
						devices.Add(1)
					}
				})
			}
			wg.Wait()
			got := float64(devices.Load()) / length.Seconds() / 10
			if sum += got; got < 0.88 {
				t.Errorf("seed %d: %.3f of the quota", seed, got)
			}
		})
	}
	if sum/seeds < 0.92 {
		t.Errorf("%.3f of the quota on average", sum/seeds)
	}
}

func TestFaultsThatEndAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(50)
		s.fault = 0.1
		l := NewLimiter(100, Options{})
		simulate(t, s, 5*time.Minute, one(l))
		s.fault = 0
		simulate(t, s, time.Minute, one(l))
		r := simulate(t, s, 10*time.Minute, one(l))[0]
		if got := r.throttled(); got > 0.02 || r.rate(0, 1) < 0.95*50 {
			t.Errorf("%.3f throttled at %.1f calls/s: %+v", got, r.rate(0, 1), r.stats)
		}
	})
}

func TestNeighbourIsGivenWayToAndItsPartTakenBack(t *testing.T) {
	t.Parallel()
	for _, third := range []time.Duration{30 * time.Second, 5 * time.Minute} {
		t.Run(third.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const tps = 100.0
				s := newServer(tps)
				random := rand.New(rand.NewPCG(7, 7))
				gone := make(chan struct{})
				took, calls := 0, 0
				go func() {
					defer close(gone)
					time.Sleep(third)
					for end := time.Now().Add(third); time.Now().Before(end); calls++ {
						if s.call() {
							took++
						}
						time.Sleep(time.Duration(2 * random.Float64() / (tps / 2) * float64(time.Second)))
					}
				}()
				r := simulate(t, s, 3*third, one(NewLimiter(tps, Options{})))[0]
				<-gone
				if got := float64(r.took) / (2.5 * tps * third.Seconds()); got < 0.9 {
					t.Errorf("%.3f of the rate that the neighbour left", got)
				}
				if got := float64(took) / float64(calls); got < 0.8 {
					t.Errorf("%.3f of the neighbour's calls were accepted", got)
				}
				if got := r.throttled(); got > 0.02 {
					t.Errorf("%.3f throttled", got)
				}
			})
		})
	}
}

func TestSharersFillTheQuotaFairly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			tps     float64
			sharers int
			most    float64 // share of throttled calls
		}{
			{10, 2, 0.09},
			{100, 2, 0.03},
			{100, 5, 0.08},
		} {
			var clients []client
			for range test.sharers {
				clients = append(clients, one(NewLimiter(test.tps, Options{Sharers: test.sharers})))
			}
			var sum float64
			fair := test.tps / float64(test.sharers)
			for i, r := range simulate(t, newServer(test.tps), enough(test.tps, 10*time.Minute), clients...) {
				got := r.rate(0.2, 1)
				sum += got
				if got < fair/2 || got > fair*2 {
					t.Errorf("%d sharers of %g calls/s: sharer %d has %.1f", test.sharers, test.tps, i, got)
				}
				if r.throttled() > test.most {
					t.Errorf("%d sharers of %g calls/s: sharer %d: %.3f throttled", test.sharers, test.tps, i, r.throttled())
				}
			}
			if sum < 0.95*test.tps {
				t.Errorf("%d sharers of %g calls/s have %.1f together", test.sharers, test.tps, sum)
			}
		}
	})
}

func TestSharersKeepTheirPartsWhereCallsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, tps := range []float64{10, 100} {
			const sharers, fault = 2, 0.05
			s := newServer(tps)
			s.fault = fault
			clients := []client{one(NewLimiter(tps, Options{Sharers: sharers})), one(NewLimiter(tps, Options{Sharers: sharers}))}
			for i, r := range simulate(t, s, enough(tps, 10*time.Minute), clients...) {
				if got := r.rate(0.2, 1) / (tps / sharers * (1 - fault)); got < 0.9 || got > 1.1 {
					t.Errorf("sharer %d of %g calls/s has %.2f of its part: %+v", i, tps, got, r.stats)
				}
				if got := r.throttled(); got > 0.08 {
					t.Errorf("sharer %d of %g calls/s: %.3f throttled", i, tps, got)
				}
			}
		}
	})
}

func TestOutageByThrottlingIsOverWithinAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(100)
		l := NewLimiter(100, Options{})
		simulate(t, s, time.Minute, one(l))
		s.fault = 1
		r := simulate(t, s, time.Minute, one(l))[0]
		if r.refused > 1500 {
			t.Errorf("%d calls in a minute of nothing but throttling", r.refused)
		}
		s.fault = 0
		simulate(t, s, time.Minute, one(l))
		r = simulate(t, s, time.Minute, one(l))[0]
		if got := r.rate(0, 1); got < 97 {
			t.Errorf("%.1f calls/s a minute later: %+v", got, r.stats)
		}
	})
}

func TestIdleMinutesDoNotCostAThrottledCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := one(NewLimiter(100, Options{}))
		c.pause = func(at time.Duration) bool { return int(at.Minutes())%2 == 1 || int(at.Seconds())%7 == 3 }
		r := simulate(t, newServer(100), 20*time.Minute, c)[0]
		if r.refused > 0 || r.took < 100*500 {
			t.Errorf("%d accepted, %d throttled", r.took, r.refused)
		}
	})
}
