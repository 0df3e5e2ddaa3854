package stacks

import (
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/progress"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// An importAhead is an import that has not ended, with its place among the others.
type importAhead struct {
	operate.Import
	forecast functions.Forecast
	of       int // number of imports that share the quotas
}

// forecastAll returns open imports with their forecasts, in the same order. Imports that are held, or
// whose manifest is still being read, have none.
func forecastAll(open []operate.Import, now time.Time) []importAhead {
	list, backlogs := make([]importAhead, len(open)), make([]functions.Backlog, len(open))
	rate, sharing := 0.0, 0
	for n, i := range open {
		held := i.Job.Held() || i.Cause() != "" || i.Record == nil || i.Job.Command != nil
		backlogs[n] = functions.Backlog{Import: i.Job.Import, Pending: i.Counts().Pending(), Held: held}
		if !held {
			rate += presentRate(i, now)
			sharing++
		}
	}
	for n, f := range functions.Forecasts(backlogs, rate) {
		list[n] = importAhead{open[n], f, sharing}
	}
	return list
}

// presentRate returns how many devices a second are finished at present: what the latest sweep saw or,
// before the first one, the average.
func presentRate(i operate.Import, now time.Time) float64 {
	if !i.Job.Observed.At.IsZero() {
		return i.Job.Observed.Rate
	}
	return i.Rate(now)
}

// status returns the progress of the import.
func (i *importAhead) status(now time.Time) progress.Status {
	s := statusOf(i.Import, presentRate(i.Import, now))
	s.Estimate = i.forecast.Left
	switch {
	case i.Job.Held():
		s.Rate, s.Estimate = 0, 0
	case i.Cause() != "":
		s.Rate, s.Estimate, s.Note = 0, 0, "stalled"
	case i.forecast.Position > 0 && i.of > 1:
		s.Note = fmt.Sprintf("ends as %d of %d", i.forecast.Position, i.of)
	}
	return s
}
