package stacks

import (
	"context"
	"time"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"

	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// followEvery is the time between two looks at an import that is followed.
const followEvery = 2 * time.Second

// followImport tells progress until the import has ended, and then what it came to.
func followImport(ctx context.Context, o *stackFlags, stack *operate.Stack, i operate.Import, streams terminal.Streams) error {
	printer := streams.Progress(o.quiet)
	defer printer.Close()
	var meter rateMeter
	told := ""
	for !i.Ended() {
		c := i.Counts()
		s := progress.Status{
			Phase: i.State(), Done: int64(c.Entries - c.Pending()), Total: int64(c.Entries), Failed: int64(c.Failed), Rejected: int64(c.Rejected),
			Rate: meter.at(time.Now(), c.Imported+c.Unchanged+c.Failed),
		}
		if i.Record == nil {
			s.Total = 0
		}
		if cause := i.Cause(); cause != "" && cause != told {
			printer.Note("stands still: %s", terminal.Plain(cause))
			told = cause
		}
		printer.Update(s)
		timer := time.NewTimer(followEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return exit.InterruptedError("interrupted", "the stack goes on by itself: thingpress stack import --follow "+i.Job.Import)
		}
		var err error
		if i, err = stack.Import(ctx, i.Job.Import); err != nil {
			return exit.IfInterrupted(ctx, err, "interrupted; the stack goes on by itself")
		}
	}
	printer.Pause()
	return showImport(ctx, o, stack, i, streams)
}

// A rateMeter measures devices per second over the last half minute.
type rateMeter struct {
	past []rateSample
}

type rateSample struct {
	at time.Time
	n  int
}

func (m *rateMeter) at(now time.Time, n int) float64 {
	m.past = append(m.past, rateSample{now, n})
	for len(m.past) > 2 && now.Sub(m.past[0].at) > 30*time.Second {
		m.past = m.past[1:]
	}
	return between(m.past[0], m.past[len(m.past)-1])
}

func between(a, b rateSample) float64 {
	seconds := b.at.Sub(a.at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(b.n-a.n) / seconds
}
