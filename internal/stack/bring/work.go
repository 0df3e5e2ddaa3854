package bring

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/stack"
)

// pauseMost is how long an instance waits for the end of an outage before it hands
// the devices back. Waiting costs money in the function, but not in the queue.
const pauseMost = 20 * time.Second

// errRecording ends the engine early if outcomes cannot be recorded.
var errRecording = errors.New("outcomes could not be recorded")

// readJob reads the job of the import and its settings.
func (g *group) readJob(ctx context.Context) (stack.Job, engine.Settings, error) {
	job, err := g.Jobs.Get(ctx, g.importID)
	if err != nil {
		return job, engine.Settings{}, fmt.Errorf("job: %w", err)
	}
	settings, err := stack.ParseSettings(job.Settings)
	return job, settings, err
}

// importDevices imports devices until shortly before the deadline. The error is one
// of the ledger; anything else that keeps devices from an outcome is a hold.
func (g *group) importDevices(ctx context.Context, job stack.Job, settings engine.Settings, devices []*device) (hold, error) {
	begin, endBegin := within(ctx, g.times.begin)
	defer endBegin()
	begin, halt := context.WithCancelCause(begin)
	defer halt(nil)
	flight, endFlight := within(ctx, g.times.abort)
	defer endFlight()

	won, endClaims := g.claimAhead(ctx, begin, devices, g.claimsTogether(settings.Attachments))
	items := func(yield func(engine.Item) bool) {
		for d := range won {
			if !yield(engine.Item{Device: d.device, Marked: d.marked, Created: d.created, Attributes: d.message.Attributes}) {
				return
			}
		}
	}
	var outage atomic.Pointer[string]
	add, end := g.startRecorder(ctx, func(err error) { halt(fmt.Errorf("%w: %w", errRecording, err)) })
	summary, err := g.Engine(begin, engine.Config{
		Settings: settings, Target: g.target, AWS: g.AWS, Limiters: g.limiters, Window: g.Window, Abort: flight, PauseMost: pauseMost,
		Events: func(e engine.Event) {
			switch e := e.(type) {
			case engine.Paused:
				cause := e.Cause.Error()
				outage.Store(&cause)
			case engine.Resumed:
				outage.Store(nil)
			}
		},
	}, len(devices), items, add)
	g.summary = summary
	claiming := endClaims()
	if recording := end(); recording != nil {
		return hold{}, recording
	}
	moved := len(g.in(recorded)) > 0
	cause := outage.Load()
	var stop *call.StopError
	switch {
	case errors.As(err, &stop) && cause == nil:
		return g.noteStop(ctx, job, stop), nil
	case moved:
		g.clearCause(ctx)
	}
	if err != nil && cause != nil {
		return hold{cause: "AWS IoT does not answer: " + *cause}, nil
	}
	if err == nil {
		// Devices that are left were not reached before the end of the time, or not claimed.
		return hold{atOnce: moved && claiming == nil}, claiming
	}
	return hold{cause: err.Error(), atOnce: moved}, nil
}

// clearCause records on the job that the import makes progress.
func (g *group) clearCause(ctx context.Context) {
	fresh, err := g.Jobs.Get(ctx, g.importID)
	if err == nil && fresh.Ended() {
		return // the cause explains the end
	}
	if err == nil {
		err = g.Jobs.SetCause(ctx, g.importID, "", time.Time{})
	}
	if err != nil {
		g.Log.WarnContext(ctx, "the cause of the job could not be cleared", "import", g.importID, "error", err.Error())
	}
}

// noteStop records on the job what is wrong with the whole import, and tells the
// operator if the import has only just stalled.
func (g *group) noteStop(ctx context.Context, job stack.Job, stop *call.StopError) hold {
	h := hold{cause: stop.Cause.Error()}
	attempt := 0
	for _, d := range g.in(pending) {
		attempt = max(attempt, d.message.Attempt)
	}
	h.until = time.Now().Add(stack.HandBack.After(attempt + 1))
	g.Log.ErrorContext(ctx, "import stalled", "import", g.importID, "cause", h.cause, "retry_at", h.until)
	fresh, err := g.Jobs.Get(ctx, g.importID)
	if err == nil && fresh.Stopped() {
		return h // the job's own cause stays
	}
	if err == nil {
		err = g.Jobs.SetCause(ctx, g.importID, h.cause, h.until)
	}
	if err == nil && fresh.Cause == "" {
		err = g.Notices.Notify(ctx, stopNotice(job, stop))
	}
	if err != nil {
		g.Log.ErrorContext(ctx, "the cause could not be reported", "import", g.importID, "error", err.Error())
	}
	return h
}

// stopNotice returns the notice of a stalled import.
func stopNotice(job stack.Job, stop *call.StopError) stack.Notice {
	text := plain.Sprintf("Import %s of %s is stalled.\n\nCause: %s\n", job.Import, job.Upload.Quoted(), stop.Cause)
	if todo := advice.Of(stop, advice.Stack).Todo; todo != "" {
		text += "What to do: " + todo + "\n"
	}
	text += fmt.Sprintf("\nNo device fails because of it. It is tried again at least every %d minutes for %d days, "+
		"and continues by itself once the cause is gone.\n",
		stack.MaxDelay/time.Minute, stack.GiveUpAfter/(24*time.Hour))
	event := stack.NewEvent(stack.NoticeStalled, job)
	event.Cause = stop.Cause.Error()
	return stack.Notice{Kind: stack.NoticeStalled, Subject: "stalled: import of " + job.Upload.Key, Text: text, Event: event}
}
