package decode

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest/vendors"
)

const (
	// feedTime is how long the importers work on the devices that may be in flight, at
	// the rate that the quotas allow. It is short, so that another import does not wait
	// long behind them, and long enough that they do not run out before the decoder is
	// back.
	feedTime = 2 * time.Minute
	// archiveFactor makes it longer for an archive, which each invocation copies and
	// unpacks again.
	archiveFactor = 5
	// perImporter is the least number of entries in flight for each importer: two
	// batches.
	perImporter = 1000
	// longestWait is how long the decoder waits at most before it looks again. It is
	// shorter than the time after which the sweep takes a job for forgotten.
	longestWait = 4 * time.Minute
	// mostCeiling is more devices a second than any account imports.
	mostCeiling = 1000
	// defaultCeiling is the devices a second of jobs whose requirements an earlier
	// version has checked: that of the default quotas.
	defaultCeiling = 10
)

// errFull is returned if enough devices of the import are in flight.
var errFull = errors.New("enough devices are in flight")

// A room is how many entries of an import may be sent.
type room struct {
	window   int // entries in flight at most
	inFlight int
	settled  int // entries with an outcome
}

// free returns how many entries may be sent: none until half of the window is free,
// because each invocation has to open the manifest again.
func (r room) free() int {
	if r.inFlight > r.window/2 {
		return 0
	}
	return r.window - r.inFlight
}

// measureRoom counts what is in flight.
func (w *worker) measureRoom(ctx context.Context) (room, error) {
	counts, err := w.h.Ledger.Counts(ctx, w.job.Import)
	if err != nil {
		return room{}, err
	}
	w.job.Sent = w.progress.sent()
	settled := counts.Entries - counts.Pending()
	return room{window: w.window(), inFlight: w.job.InFlight(counts), settled: settled}, nil
}

// window returns the number of entries of the import that may be in flight.
func (w *worker) window() int {
	if n := w.h.Stack.InFlight; n > 0 {
		return n
	}
	span := feedTime
	if format, err := vendors.Lookup(w.job.Vendor); err == nil && format.Archive || w.progress.Archive {
		span *= archiveFactor
	}
	return max(perImporter*w.h.Stack.MaxConcurrency, int(w.ceiling()*span.Seconds()))
}

// ceiling returns the devices a second that the quotas allow.
func (w *worker) ceiling() float64 {
	if w.progress.Ceiling > 0 {
		return w.progress.Ceiling
	}
	return defaultCeiling
}

// waitForRoom ends the invocation, and sends the job to one that comes when about half
// of the window is free.
func (w *worker) waitForRoom(ctx context.Context) error {
	r, err := w.measureRoom(ctx)
	if err != nil {
		return w.conclude(ctx, err)
	}
	now := time.Now().UTC()
	delay := r.wait(w.ceiling(), w.progress.Fed, now)
	w.progress.Fed = fed{At: now, Settled: r.settled, Due: now.Add(delay)}
	w.progress.Idle = 0
	// The message comes first: a message that arrives before the time that is saved is dropped.
	if err := w.h.sendTask(ctx, stack.Task{Kind: stack.TaskContinue, Import: w.job.Import}, delay); err != nil {
		return w.conclude(ctx, err)
	}
	if err := w.save(ctx); err != nil {
		return w.conclude(ctx, err)
	}
	w.release(ctx)
	w.log.InfoContext(ctx, "enough devices are in flight", "at", w.place(), "in_flight", r.inFlight, "delay", delay.String())
	return nil
}

// wait returns how long it takes until half of the window is free, in whole seconds. The
// rate is that since the decoder last waited.
func (r room) wait(ceiling float64, last fed, now time.Time) time.Duration {
	rate := ceiling
	if past := now.Sub(last.At).Seconds(); !last.At.IsZero() && past > 0 {
		rate = min(rate, float64(r.settled-last.Settled)/past)
	}
	seconds := longestWait.Seconds()
	if rate > 0 {
		seconds = min(seconds, float64(r.inFlight-r.window/2)/rate)
	}
	// At the end of a wait the importers must not have run out of devices, even if nothing
	// slows them down any longer.
	seconds = min(seconds, float64(r.inFlight)/ceiling*3/4)
	least := min(float64(r.window)/ceiling/8, 30)
	return time.Duration(math.Ceil(max(seconds, least, 1))) * time.Second
}

// reopenSettled leaves out the entries of a stretch that have an outcome, and reopens
// those that failed before the import was retried.
func (w *worker) reopenSettled(ctx context.Context, s *stretch) error {
	entries := make([]int, 0, len(s.devices)+len(s.rejected))
	for i := range s.devices {
		entries = append(entries, s.devices[i].entry)
	}
	for i := range s.rejected {
		entries = append(entries, s.rejected[i].Entry)
	}
	outcomes, err := w.h.Ledger.Outcomes(ctx, w.job.Import, entries)
	if err != nil {
		return err
	}
	var failed []int
	for _, entry := range entries {
		if r, ok := outcomes[entry]; ok && r.Outcome == ledger.Failed && r.At.Before(w.job.Retried) {
			failed = append(failed, entry)
			delete(outcomes, entry)
		}
	}
	if len(failed) > 0 {
		if err := w.h.Reopener.Reopen(ctx, w.job.Import, failed, w.job.Retried); err != nil {
			return err
		}
		s.reopened = len(failed)
	}
	s.leaveOut(func(entry int) bool { _, settled := outcomes[entry]; return settled })
	return nil
}
