package engine

import (
	"time"

	"github.com/thingpress/thingpress/internal/iot"
)

const (
	// rateSpan is the time over which the rate of the progress is measured.
	rateSpan = 10 * time.Second
	// slowedEvery is the least time between two events about one operation's rate.
	slowedEvery = 10 * time.Second
)

// watch tells progress, and fits the window to what the quotas allow, until
// end is closed.
func (r *run) watch(end <-chan struct{}) {
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	w := watcher{run: r, cuts: map[iot.Operation]uint64{}, told: map[iot.Operation]time.Time{}}
	w.look(time.Now())
	for {
		select {
		case now := <-ticker.C:
			w.look(now)
		case <-end:
			w.look(time.Now())
			return
		}
	}
}

type watcher struct {
	run  *run
	past []sample
	cuts map[iot.Operation]uint64
	told map[iot.Operation]time.Time
}

type sample struct {
	at     time.Time
	worked int
}

func (w *watcher) look(now time.Time) {
	r := w.run
	ceiling, binding := r.ceiling()
	r.window.fit(ceiling)
	w.throttling(now)
	counts, worked := r.book.numbers()
	w.past = append(w.past, sample{now, worked})
	for len(w.past) > 2 && now.Sub(w.past[0].at) > rateSpan {
		w.past = w.past[1:]
	}
	p := Progress{Counts: counts, Ceiling: finite(ceiling), Binding: string(binding), Paused: r.caller.outage.resting()}
	if first := w.past[0]; now.After(first.at) {
		p.Rate = float64(worked-first.worked) / now.Sub(first.at).Seconds()
	}
	if left := counts.Pending(); p.Rate > 0 && left > 0 {
		p.Left = time.Duration(float64(left) / p.Rate * float64(time.Second))
	}
	p.InFlight, p.Window = r.window.numbers()
	r.events.send(p)
}

// throttling tells of rates that throttling lowered.
func (w *watcher) throttling(now time.Time) {
	for op, stats := range w.run.Limiters.Stats() {
		if stats.Cuts == w.cuts[op] || now.Sub(w.told[op]) < slowedEvery {
			continue
		}
		w.cuts[op], w.told[op] = stats.Cuts, now
		w.run.events.send(Slowed{Operation: string(op), Rate: stats.Rate})
	}
}

// sendContinued tells of earlier runs, if there were any.
func (e Events) sendContinued(r *run) {
	counts, _ := r.book.numbers()
	if counts.Pending() < counts.Entries || len(r.book.marks) > 0 {
		e.send(Continued{Import: r.Import, Counts: counts, InFlight: len(r.book.marks)})
	}
}

// summary is what the run came to.
func (r *run) summary(started time.Time) Summary {
	s := Summary{Import: r.Import, Took: time.Since(started), Pending: r.book.pending(), Failures: r.book.groups()}
	s.Counts, s.Worked = r.book.numbers()
	s.Calls, s.Throttled, s.Retries = r.caller.tally.snapshot()
	ceiling, binding := r.quotaCeiling()
	s.Ceiling, s.Binding = finite(ceiling), string(binding)
	return s
}
