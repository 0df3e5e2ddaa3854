package engine

import (
	"time"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
)

// rateSpan is the time over which the rate of the progress is measured.
const rateSpan = 10 * time.Second

// A watcher sends [Progress] and adapts the window to the rate that the quotas allow.
type watcher struct {
	session *session
	// ceiling returns the rate that the limiters allow, numbers the counts so far.
	ceiling func() (float64, iot.Operation)
	numbers func() (counts ledger.Counts, worked int)

	past []sample
	pace pace
}

type sample struct {
	at     time.Time
	worked int
}

func (w *watcher) look(now time.Time) {
	s := w.session
	ceiling, binding := w.ceiling()
	s.window.fit(ceiling)
	counts, worked := w.numbers()
	w.past = append(w.past, sample{now, worked})
	for len(w.past) > 2 && now.Sub(w.past[0].at) > rateSpan {
		w.past = w.past[1:]
	}
	p := Progress{
		Counts: counts, Ceiling: finite(ceiling), Binding: string(binding),
		Throttled: s.caller.Tally().Throttled,
	}
	_, p.Paused = s.caller.Pause()
	if first := w.past[0]; now.After(first.at) {
		p.Rate = float64(worked-first.worked) / now.Sub(first.at).Seconds()
	}
	w.pace.add(now, worked, p.Paused)
	p.Left = w.pace.left(counts.Pending())
	p.InFlight, p.Window = s.window.numbers()
	s.events.send(p)
}
