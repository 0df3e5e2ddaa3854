package quota

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// server is a token bucket, like those that AWS may use, full at the start.
type server struct {
	mu      sync.Mutex
	tps     func(at time.Duration) float64
	seconds float64 // size of the bucket in seconds; the bucket holds at least one call
	fault   float64 // share of calls throttled at any rate
	random  *rand.Rand

	start, filled time.Time
	tokens        float64
}

func newServer(tps float64) *server {
	return &server{tps: func(time.Duration) float64 { return tps }, seconds: 1, random: rand.New(rand.NewPCG(1, 2))}
}

func (s *server) call() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.start.IsZero() {
		s.start, s.filled = now, now
		s.tokens = max(1, s.tps(0)*s.seconds)
	}
	tps := s.tps(now.Sub(s.start))
	s.tokens = min(s.tokens+tps*now.Sub(s.filled).Seconds(), max(1, tps*s.seconds))
	s.filled = now
	if s.random.Float64() < s.fault || s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}

// result is the view of a simulated client.
type result struct {
	took, refused int
	perSecond     []int
	stats         Stats
}

func (r result) throttled() float64 {
	return float64(r.refused) / float64(max(1, r.took+r.refused))
}

// rate returns the accepted calls per second between two parts of the run, 0 to 1.
func (r result) rate(from, to float64) float64 {
	n := len(r.perSecond)
	a, b := int(from*float64(n)), int(to*float64(n))
	sum := 0
	for _, v := range r.perSecond[a:b] {
		sum += v
	}
	return float64(sum) / float64(b-a)
}

// client is one limiter with workers that always have a call to make. The latency of a call is
// 40 ms, plus or minus 20.
type client struct {
	limiter *Limiter
	workers int
	seed    uint64
	pause   func(at time.Duration) bool // reports whether no call is made at a time; it may change at whole seconds
}

// simulate lets clients call the server for a length of simulated time. It must run in a
// bubble.
func simulate(t *testing.T, s *server, length time.Duration, clients ...client) []result {
	t.Helper()
	start := time.Now()
	results := make([]result, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		results[i].perSecond = make([]int, int(length.Seconds()))
		var mu sync.Mutex
		for w := range c.workers {
			random := rand.New(rand.NewPCG(c.seed+uint64(i), uint64(w)))
			wg.Go(func() {
				for time.Since(start) < length {
					if at := time.Since(start); c.pause != nil && c.pause(at) {
						time.Sleep(at.Truncate(time.Second) + time.Second - at)
						continue
					}
					ticket, err := c.limiter.Wait(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					latency := 20*time.Millisecond + time.Duration(random.Int64N(int64(40*time.Millisecond)))
					time.Sleep(latency / 2)
					ok := s.call()
					time.Sleep(latency / 2)
					if ok {
						ticket.Accepted()
					} else {
						ticket.Throttled()
					}
					at := int(time.Since(start).Seconds())
					mu.Lock()
					if at < len(results[i].perSecond) {
						if ok {
							results[i].took++
							results[i].perSecond[at]++
						} else {
							results[i].refused++
						}
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	synctest.Wait()
	for i, c := range clients {
		results[i].stats = c.limiter.Stats()
	}
	return results
}

// callUntilAccepted calls the server with a latency of 40 ms, as often as it throttles.
func callUntilAccepted(t *testing.T, limiter *Limiter, s *server) {
	for {
		ticket, err := limiter.Wait(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		time.Sleep(20 * time.Millisecond) // simulated
		accepted := s.call()
		time.Sleep(20 * time.Millisecond) // simulated
		if accepted {
			ticket.Accepted()
			return
		}
		ticket.Throttled()
	}
}
