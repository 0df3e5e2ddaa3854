package bring

import (
	"context"
	"errors"
	"fmt"
	"time"

	program "github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// A hold is why devices are handed back, and for how long.
type hold struct {
	cause string
	// until is when they may be tried again; if zero, their number of attempts
	// decides.
	until time.Time
	// atOnce sends them again without a delay.
	atOnce bool
}

// handle imports the devices of a group and leaves none of them pending.
func (g *group) handle(ctx context.Context) {
	reading, cancel := within(ctx, g.times.begin)
	defer cancel()
	job, settings, err := g.readJob(reading)
	if errors.Is(err, ledger.ErrNotFound) {
		g.Log.ErrorContext(ctx, "devices of an import that is not in the ledger", "import", g.importID, "devices", len(g.devices))
		return // their messages go to the dead-letter queue
	}
	if err != nil {
		g.handBack(ctx, hold{cause: err.Error()})
		return
	}
	if job.Held() {
		g.dropHeld(ctx, job)
		return
	}
	h := g.recordOutcomes(ctx, reading, job, settings)
	g.handBack(ctx, h)
	g.requestCompletion(ctx, job)
}

// recordOutcomes records the outcomes that it can, and returns why the other devices
// are handed back. Reading ends before ctx, which leaves time for that.
func (g *group) recordOutcomes(ctx, reading context.Context, job stack.Job, settings engine.Settings) hold {
	if err := g.failOld(ctx, reading); err != nil {
		return hold{cause: err.Error()}
	}
	if time.Now().Before(job.RetryAt) && job.Cause != "" && !job.Ended() {
		return hold{cause: job.Cause, until: job.RetryAt}
	}
	devices := g.in(pending)
	if len(devices) == 0 {
		return hold{}
	}
	h, err := g.importDevices(ctx, job, settings, devices)
	if err != nil {
		return hold{cause: err.Error()}
	}
	return h
}

// dropHeld drops the devices of an import that is paused or cancelled. Handing them
// back for days would cost more than sending them again.
func (g *group) dropHeld(ctx context.Context, job stack.Job) {
	for _, d := range g.devices {
		d.state = dropped
	}
	g.Log.InfoContext(ctx, "devices dropped", "import", g.importID, "devices", len(g.devices), "order", job.Order.Kind)
}

// failOld fails the devices that were handed back for too long.
func (g *group) failOld(ctx, reading context.Context) error {
	var old []*device
	for _, d := range g.in(pending) {
		if since := d.message.Since; since != nil && time.Since(*since) > stack.GiveUpAfter {
			old = append(old, d)
		}
	}
	if len(old) == 0 {
		return nil
	}
	if err := g.dropSettled(reading, old); err != nil {
		return err
	}
	var records []ledger.Record
	for _, d := range old {
		if d.state == pending {
			detail := fmt.Sprintf("handed back for %d days", stack.GiveUpAfter/(24*time.Hour))
			if cause := d.message.Cause; cause != "" {
				detail += ", most recently because of: " + cause
			}
			records = append(records, recordOf(d, ledger.Failed, program.ReasonUndeliverable, detail))
		}
	}
	return g.recordNow(ctx, records)
}

// recordNow records outcomes that took no call.
func (g *group) recordNow(ctx context.Context, records []ledger.Record) error {
	if len(records) == 0 {
		return nil
	}
	add, end := g.startRecorder(ctx, func(error) {})
	for _, record := range records {
		add(record)
	}
	return end()
}
