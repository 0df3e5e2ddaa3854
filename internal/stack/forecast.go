package stack

import (
	"cmp"
	"slices"
	"time"
)

// An Observed is what the latest sweep saw of an import.
type Observed struct {
	// At is when the sweep saw it, Moved when a sweep last saw it with other outcomes or
	// further in its manifest than before.
	At    time.Time `json:"at"`
	Moved time.Time `json:"moved"`
	// Resent is when the sweep last ordered that lost messages be sent again.
	Resent time.Time `json:"resent,omitzero"`
	// Turn is when, after Moved and Resent, the turn of its devices must have come even if all others
	// in flight were imported before; the zero time if that is unknown.
	Turn time.Time `json:"turn,omitzero"`
	// Settled is the number of entries with an outcome, InFlight the number of devices
	// that were sent and have none.
	Settled  int `json:"settled"`
	InFlight int `json:"in_flight,omitempty"`
	// Place changes if the decoder gets any further.
	Place string `json:"place,omitempty"`
	// Rate is the number of outcomes a second since the sweep before.
	Rate float64 `json:"rate,omitempty"`
}

// A Backlog is what an open import has before it.
type Backlog struct {
	Import  string
	Pending int
	// Held is set if nothing of it is imported at present, because it is paused or has a
	// cause.
	Held bool
}

// A Forecast is when an open import ends. It is the zero value for an import that is
// held.
type Forecast struct {
	// Position is 1 for the import that ends first.
	Position int
	// Ahead is the number of devices, of all imports, that are imported before its last
	// one.
	Ahead int
	// Left is how long that takes; 0 if the rate is unknown.
	Left time.Duration
}

// Forecasts returns the forecasts of open imports, in their order. Rate is the number
// of devices a second that the stack imports. Imports share it equally, because the
// decoder keeps about as many devices of each in the queue.
func Forecasts(open []Backlog, rate float64) []Forecast {
	order := make([]int, 0, len(open))
	for n := range open {
		if !open[n].Held {
			order = append(order, n)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(open[a].Pending, open[b].Pending) })
	forecasts := make([]Forecast, len(open))
	ended := 0 // devices of the imports that end before
	for at, n := range order {
		pending := open[n].Pending
		ahead := ended + pending*(len(order)-at)
		ended += pending
		f := Forecast{Position: at + 1, Ahead: ahead}
		if rate > 0 {
			f.Left = time.Duration(float64(ahead) / rate * float64(time.Second))
		}
		forecasts[n] = f
	}
	return forecasts
}
