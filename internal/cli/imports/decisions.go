package imports

import (
	"math"
	"time"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// A decisionLine is what the import decided, in the log: a pause, its end, or another rate of an
// operation after AWS throttled it.
type decisionLine struct {
	Type      string        `json:"type"`
	At        time.Time     `json:"at"`
	Error     string        `json:"error,omitempty"`
	Seconds   float64       `json:"seconds,omitempty"`
	Operation iot.Operation `json:"operation,omitempty"`
	Rate      float64       `json:"rate,omitempty"`
	Throttled uint64        `json:"throttled,omitempty"`
	Cuts      uint64        `json:"cuts,omitempty"`
	TakenBack uint64        `json:"taken_back,omitempty"`
}

// logDecisions returns a handler of events that also logs what the import decides.
func logDecisions(log *terminal.Log, limiters *quota.Limiters, show engine.Events) engine.Events {
	if !log.Enabled() {
		return show
	}
	seen := map[iot.Operation]quota.Stats{}
	return func(event engine.Event) {
		show(event)
		now := time.Now().UTC()
		switch e := event.(type) {
		case engine.Paused:
			log.Line(decisionLine{Type: "pause", At: now, Error: e.Cause.Error()})
		case engine.Resumed:
			log.Line(decisionLine{Type: "resume", At: now, Seconds: e.After.Seconds()})
		case engine.Progress:
			for op, s := range limiters.Stats() {
				if before := seen[op]; s.Cuts != before.Cuts || s.TakenBack != before.TakenBack {
					line := decisionLine{Type: "limit", At: now, Operation: op, Throttled: s.Throttled, Cuts: s.Cuts, TakenBack: s.TakenBack}
					if !math.IsInf(s.Rate, 1) { // JSON has no infinity
						line.Rate = math.Round(s.Rate*1000) / 1000
					}
					log.Line(line)
				}
				seen[op] = s
			}
		}
	}
}
