package complete

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// idleAfter is how long a manifest may be idle before the sweep continues it. It
	// is longer than a message waits for its function.
	idleAfter = 5 * time.Minute
	// StalledAfter is how long all imports together may make no progress before they
	// count as stalled.
	StalledAfter = 30 * time.Minute
)

// Sweep checks every open import, and records what it sees. Through tasks on the
// manifests queue, it continues manifests that no function works on, completes imports
// without pending entries, and has entries sent again whose messages are lost. It writes
// the metric StalledImports, which counts imports with a cause, and all of them if
// nothing moves. An error with one import does not keep it from the others.
func (c *Completer) Sweep(ctx context.Context) error {
	now := time.Now().UTC()
	var all []*swept
	var wrong []error
	for job, err := range c.Jobs.Open(ctx) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("sweep: %w", err))
			break
		}
		s, err := c.look(ctx, job, now)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("sweep: import %s: %w", job.Import, err))
			continue
		}
		all = append(all, s)
	}
	wrong = append(wrong, c.resendLost(ctx, all, now))
	var tasks []stack.Task
	for _, s := range all {
		if err := c.Orders.Observe(ctx, s.job.Import, s.seen); err != nil {
			wrong = append(wrong, fmt.Errorf("sweep: import %s: %w", s.job.Import, err))
		}
		kind := nextTask(s)
		switch command := s.job.Command; {
		case kind == "":
		case command == nil:
			tasks = append(tasks, stack.Task{Kind: kind, Import: s.job.Import})
		default:
			wrong = append(wrong, c.continueCommand(ctx, command, s.job.Import))
		}
	}
	if len(tasks) > 0 {
		wrong = append(wrong, c.sendTasks(ctx, 0, tasks...))
	}
	stalled := stalledOf(all, now)
	for _, s := range stalled {
		c.Log.WarnContext(ctx, "import stalled", "import", s.job.Import, "phase", s.job.Phase, "since", s.seen.Moved, "cause", s.job.Cause)
	}
	wrong = append(wrong, c.Metrics.Put(map[stack.Metric]float64{stack.MetricStalledImports: float64(len(stalled))}))
	return errors.Join(append(wrong, c.Notices.SendKept(ctx))...)
}

// continueCommand sends the task of a later command that no function works on.
func (c *Completer) continueCommand(ctx context.Context, command *stack.Command, id string) error {
	queue := c.Commands(command)
	if queue == nil {
		c.Log.WarnContext(ctx, "the stack has no function for a command any more", "command", id, "verb", command.Verb)
		return nil
	}
	if err := queue.Send(ctx, []stack.Message{stack.Task{Kind: stack.TaskContinue, Import: id}.Message(0)}); err != nil {
		return fmt.Errorf("sweep: command %s: %w", id, err)
	}
	return nil
}

// A swept is an open import as a sweep sees it.
type swept struct {
	job    stack.Job
	begun  bool // the ledger has it
	counts ledger.Counts
	seen   stack.Observed
}

// look reads an import, and compares it with what the sweep before has seen.
func (c *Completer) look(ctx context.Context, job stack.Job, now time.Time) (*swept, error) {
	s := &swept{job: job, begun: true}
	var err error
	s.counts, err = c.Ledger.Counts(ctx, job.Import)
	if errors.Is(err, ledger.ErrNotFound) {
		s.begun, err = false, nil
	}
	if err != nil {
		return nil, err
	}
	before := job.Observed
	s.seen = stack.Observed{
		At: now, Moved: before.Moved, Resent: before.Resent, Turn: before.Turn,
		Settled: s.counts.Entries - s.counts.Pending(), InFlight: job.InFlight(s.counts), Place: placeOf(&job),
	}
	switch past := now.Sub(before.At).Seconds(); {
	case before.At.IsZero():
		s.seen.Moved = job.Updated
	case s.seen.Settled != before.Settled || s.seen.Place != before.Place:
		s.seen.Moved, s.seen.Turn = now, time.Time{}
		if past > 0 {
			s.seen.Rate = max(0, float64(s.seen.Settled-before.Settled)/past)
		}
	}
	return s, nil
}

// placeOf returns a text that changes if the decoder gets any further.
func placeOf(job *stack.Job) string {
	if job.Phase == stack.PhaseSend { // its checkpoint also changes while it waits
		return fmt.Sprint(job.Phase, " ", job.Sent)
	}
	return fmt.Sprintf("%s %x", job.Phase, crc32.ChecksumIEEE(job.Progress))
}

// running reports whether the import should move.
func (s *swept) running() bool { return s.job.Phase != stack.PhaseStopped && !s.job.Held() }

// stalledOf returns the imports that are stalled. An import whose devices wait behind
// those of others is not.
func stalledOf(all []*swept, now time.Time) (stalled []*swept) {
	moves := slices.ContainsFunc(all, func(s *swept) bool {
		return s.running() && s.job.Cause == "" && now.Sub(s.seen.Moved) <= StalledAfter
	})
	for _, s := range all {
		if s.running() && (s.job.Cause != "" || !moves) {
			stalled = append(stalled, s)
		}
	}
	return stalled
}

// nextTask returns the kind of the task that an import needs; empty for none.
func nextTask(s *swept) (kind string) {
	job := &s.job
	idle := time.Since(job.Updated)
	switch {
	case job.Paused():
		return ""
	case job.Order.Kind != "" && (!job.Cancelled() || !job.Ended()):
		if time.Since(job.Order.At) < idleAfter {
			return ""
		}
		return stack.TaskContinue // the message that followed the order is lost
	case job.Phase == stack.PhaseDone:
		return ""
	case job.Phase == stack.PhaseStopped:
		return untold(s, idle)
	case job.Phase == stack.PhaseSent:
		if s.counts.Pending() > 0 || time.Now().Before(job.RetryAt) {
			return ""
		}
		return stack.TaskComplete
	case idle < idleAfter || time.Now().Before(job.LeasedUntil):
		return ""
	}
	return stack.TaskContinue
}

// untold returns the kind of the task for a stopped job about which no notice was sent yet.
func untold(s *swept, idle time.Duration) (kind string) {
	switch {
	case idle < idleAfter || time.Now().Before(s.job.RetryAt):
		return ""
	case !s.begun:
		return stack.TaskContinue // the decoder begins the import that it stopped
	}
	return stack.TaskComplete
}
