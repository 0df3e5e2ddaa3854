package quota

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/iot"
)

func TestWaitersAreServedInTheOrderTheyCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, Options{Sharers: 2})
		var mu sync.Mutex
		var order []int
		for i := range 50 {
			go func() {
				if _, err := l.Wait(t.Context()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		for i, got := range order {
			if got != i {
				t.Fatalf("place %d went to %d: %v", i, got, order)
			}
		}
		if len(order) != 50 {
			t.Errorf("%d of 50 served", len(order))
		}
	})
}

func TestCancelledWaiterLeavesItsPlaceToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, Options{})
		if _, err := l.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		for range 100 {
			go func() {
				if _, err := l.Wait(ctx); !errors.Is(err, gone) {
					t.Errorf("got %v, want the cause", err)
				}
			}()
		}
		synctest.Wait()
		start := time.Now()
		served := make(chan time.Duration)
		go func() {
			_, _ = l.Wait(t.Context())
			served <- time.Since(start)
		}()
		synctest.Wait()
		cancel(gone)
		if took := <-served; took > 1100*time.Millisecond {
			t.Errorf("waited %v after cancelled callers", took)
		}
		if _, err := l.Wait(ctx); !errors.Is(err, gone) {
			t.Errorf("a cancelled caller got %v", err)
		}
		if s := l.Stats(); s.Granted != 2 || s.Waiting != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestUnlimitedNeverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(math.Inf(1), Options{Sharers: 5})
		start := time.Now()
		for range 100_000 {
			ticket, err := l.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ticket.Accepted()
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %v", took)
		}
	})
}

func TestHalfASecondsBurstAfterAnIdleSecondAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(100, Options{})
		burst := func() int {
			n := 0
			for start := time.Now(); ; n++ {
				ticket, err := l.Wait(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				ticket.Accepted()
				if time.Since(start) > 0 {
					return n
				}
			}
		}
		for _, tt := range []struct {
			idle        time.Duration
			least, most int
		}{{0, 48, 50}, {time.Hour, 48, 50}, {500 * time.Millisecond, 24, 26}, {time.Second, 48, 50}} {
			time.Sleep(tt.idle)
			if n := burst(); n < tt.least || n > tt.most {
				t.Errorf("after %v: a burst of %d calls", tt.idle, n)
			}
		}
	})
}

func TestSharerStartsAtItsPartAndGrowsToTheWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(100, Options{Sharers: 10})
		if got := l.Rate(); math.Abs(got-100*Margin/10) > 0.01 {
			t.Errorf("starts at %g", got)
		}
		time.Sleep(50 * time.Second)
		if got := l.Rate(); got != 100*Margin {
			t.Errorf("after 50 s without throttling: %g", got)
		}
	})
}

func TestManyThrottledAnswersAtOnceAreOneCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(100, Options{})
		var tickets []Ticket
		for range 150 {
			ticket, err := l.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tickets = append(tickets, ticket)
		}
		for _, ticket := range tickets[:100] {
			ticket.Accepted()
		}
		for _, ticket := range tickets[100:] {
			ticket.Throttled()
		}
		if s := l.Stats(); s.Cuts != 1 || s.Rate < 60 || s.Rate > 90 || s.Throttled != 50 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestZeroTicketDoesNothing(t *testing.T) {
	t.Parallel()
	var ticket Ticket
	ticket.Accepted()
	ticket.Throttled()
	ticket.Done()
}

func TestLimitersKeepOneLimiterPerOperation(t *testing.T) {
	t.Parallel()
	s, err := Resolve(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	ls := NewLimiters(s, Options{})
	first, again := ls.Limiter(iot.AttachPolicy), ls.Limiter(iot.AttachPolicy)
	if first != again || first == ls.Limiter(iot.CreateThing) {
		t.Error("limiters are mixed up")
	}
	ticket, err := ls.Wait(t.Context(), iot.AttachPolicy)
	if err != nil {
		t.Fatal(err)
	}
	ticket.Done()
	if got := ls.Stats()[iot.AttachPolicy]; got.Granted != 1 || got.Other != 1 {
		t.Errorf("stats %+v", got)
	}
	if rate, binding := ls.Ceiling(FreshPath(s, 1, 1)); math.Abs(rate-10*Margin) > 1e-9 || binding != iot.RegisterCertificateWithoutCA {
		t.Errorf("ceiling %g by %s", rate, binding)
	}
}

func TestFirstAnswersThrottledDoNotStopAnOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, Options{})
		for n, most := range []float64{10, 5} {
			ticket, err := l.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ticket.Throttled()
			if got := l.Rate(); got < 0.8*most || got > most {
				t.Errorf("after throttled answer %d and nothing else: %g calls/s", n+1, got)
			}
		}
	})
}

func TestLateAnswersToCallsSentBeforeACut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(100, Options{})
		var tickets []Ticket
		for range 150 {
			ticket, err := l.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tickets = append(tickets, ticket)
		}
		for _, ticket := range tickets[:50] { // the burst does not measure the limit
			ticket.Done()
		}
		tickets = tickets[50:]
		for _, ticket := range tickets[:20] {
			ticket.Accepted()
		}
		tickets[20].Throttled()
		tickets[21].Throttled()
		low := l.Rate()
		for _, ticket := range tickets[22:60] {
			ticket.Throttled()
		}
		if got := l.Stats(); got.Cuts != 1 || got.Rate != low {
			t.Errorf("throttled before the cut, reported after it: %d cuts, %g after %g", got.Cuts, got.Rate, low)
		}
		for _, ticket := range tickets[60:] {
			ticket.Accepted()
		}
		if got := l.Rate(); got < 2*low {
			t.Errorf("40 more were accepted in that second: %g after %g", got, low)
		}
	})
}

// A permission is always available, so this measures the overhead alone.
func BenchmarkWait(b *testing.B) {
	for _, bb := range []struct {
		name string
		tps  float64
	}{{"unlimited", math.Inf(1)}, {"limited", 1e5}} {
		b.Run(bb.name, func(b *testing.B) {
			l := NewLimiter(bb.tps, Options{})
			b.ReportAllocs()
			for b.Loop() {
				l.tokens = 2
				ticket, err := l.Wait(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				ticket.Accepted()
			}
		})
	}
}

// The callers wait for their turn. If a call takes more than 10 µs, the limiter cannot keep up
// with 100,000 calls per second.
func BenchmarkWaitInTurn(b *testing.B) {
	l := NewLimiter(1e5, Options{})
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ticket, err := l.Wait(b.Context())
			if err != nil {
				b.Error(err)
				return
			}
			ticket.Accepted()
		}
	})
}

// At 10 calls/s a timer that is 5 ms late would cost 5 % of the quota.
func TestLateCallsCatchUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, Options{})
		const calls = 600
		start := time.Now()
		for i := range calls {
			if i%2 == 0 {
				time.Sleep(150 * time.Millisecond)
			}
			ticket, err := l.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ticket.Accepted()
		}
		if got := calls / time.Since(start).Seconds(); got < 9.9 {
			t.Errorf("%.2f calls/s", got)
		}
	})
}
