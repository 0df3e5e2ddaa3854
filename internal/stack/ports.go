package stack

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
)

// Jobs keeps the jobs of a stack. It is safe for concurrent use, in several
// processes.
type Jobs interface {
	// Start creates the job of an upload from begin, or returns the job that the
	// upload has already. An upload is one import, however many events tell the stack
	// of it.
	Start(ctx context.Context, upload Upload, begin Job) (job Job, created bool, err error)
	// Get returns a job, no older than the call. The error wraps [ledger.ErrNotFound]
	// if there is none.
	Get(ctx context.Context, importID string) (Job, error)
	// SetCause records why a job is stalled, and when to try again. An empty cause
	// records that it makes progress again. SetCause needs no lease. The error wraps
	// [ledger.ErrNotFound] if there is no job.
	SetCause(ctx context.Context, importID, cause string, retryAt time.Time) error
	// Open yields the jobs that are not done. An error ends it.
	Open(ctx context.Context) iter.Seq2[Job, error]
}

// Orders keeps what operators want of imports. Its methods need no lease, and leave
// the time of the job's latest change alone.
type Orders interface {
	// SetOrder gives a job an order, and returns the job with it. The error wraps an
	// [*OrderError] if the job cannot be given this order, and [ledger.ErrNotFound] if
	// there is no job. The caller must then send a task of kind continue, so that the
	// decoder learns of the order.
	SetOrder(ctx context.Context, importID string, order Order) (Job, error)
	// FinishOrder erases an order that was carried out, unless the job has another one by
	// now.
	FinishOrder(ctx context.Context, importID string, order Order) error
	// Observe records what a sweep has seen of a job.
	Observe(ctx context.Context, importID string, seen Observed) error
}

// Leases let one function at a time work on a job.
type Leases interface {
	// Lease takes the lease of a job, or renews it. No other function may use the
	// same owner. The error is a *[LeasedError] while another owner has the lease,
	// and wraps [ledger.ErrNotFound] if there is no job.
	Lease(ctx context.Context, importID, owner string, until time.Time) (Lease, error)
	// Save saves a job under its lease. Import, Upload, Created, Order, Observed and
	// Generation stay as they are, and so do Cause and RetryAt unless the job is stopped. The error
	// wraps [ErrFenced] if another function has taken the lease.
	Save(ctx context.Context, lease Lease, job Job) error
	// Release gives a lease back, unless another function has it by now.
	Release(ctx context.Context, lease Lease) error
}

// Claims decides which entry of an import has a vendor ID, a certificate and a thing
// name.
type Claims interface {
	// Claim gives all that an entry claims to the first entry that claims it, or
	// nothing, and returns which entries have it, in the order of the claims. A
	// repeated claim gets the same answer, except for New. After an error, any of the
	// claims may have been made.
	Claim(ctx context.Context, importID string, claims []Claim) ([]Claimed, error)
}

// Ledger is the part of [ledger.Ledger] that the functions need. Several journals of
// one import may be open at the same time.
type Ledger interface {
	// Import returns an import, no older than the call. The error wraps
	// [ledger.ErrNotFound] if there is none.
	Import(ctx context.Context, id string) (ledger.Import, error)
	Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error)
	Resume(ctx context.Context, id string) (ledger.Journal, error)
	// Counts returns the entries of an import by outcome, no older than the call.
	Counts(ctx context.Context, id string) (ledger.Counts, error)
	// Outcomes returns the records of entries, no older than the call. It leaves out
	// entries without a record.
	Outcomes(ctx context.Context, importID string, entries []int) (map[int]ledger.Record, error)
}

// Reopener takes back what a retry tries again.
type Reopener interface {
	// Reopen takes back the outcomes of those entries that failed before a time, so that
	// they are pending again. It leaves all others alone, and may be repeated.
	Reopen(ctx context.Context, importID string, entries []int, before time.Time) error
	// Restart replaces the record of an import that has no outcomes, and marks it as
	// running. The error wraps [ledger.ErrNotFound] if there is none.
	Restart(ctx context.Context, i ledger.Import) error
}

// An UnreadableError is returned for a manifest that was imported and can no longer be read.
type UnreadableError struct{ Cause error }

// Error returns the cause.
func (e *UnreadableError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnreadableError) Unwrap() error { return e.Cause }

// A Message is a message for a queue.
type Message struct {
	Body string
	// Delay postpones the delivery, in whole seconds, up to [MaxDelay].
	Delay time.Duration
	// Group is the group of messages that share the queue fairly with other groups; empty
	// for none.
	Group string
}

// A Delivery is a message from a queue.
type Delivery struct {
	// ID is assigned by SQS.
	ID, Body string
}

// A Queue accepts messages. It is safe for concurrent use.
type Queue interface {
	// Send sends messages in no particular order, and returns once each was accepted
	// or refused for good. The error is a *[RefusedError]. If an answer was lost, a
	// message that it names may have been accepted all the same.
	Send(ctx context.Context, messages []Message) error
}

// A RefusedError names the messages that a queue did not accept. It accepted the
// others.
type RefusedError struct {
	// Indices of the messages in the argument of Send, in no particular order.
	Indices []int
	// Cause is why the last of them was refused.
	Cause error
}

// Error returns the number of messages, and the cause.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the queue refused %s: %v", progress.Plural(len(e.Indices), "message", "messages"), e.Cause)
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }

// Notices sends notices to operators and programs.
type Notices interface {
	// Notify returns an error only if the notice is lost.
	Notify(ctx context.Context, n Notice) error
}

// Metrics writes values of metrics. It leaves out values that are not finite.
type Metrics interface {
	Put(values map[Metric]float64) error
}

// A Metric is the name of a metric of the stack.
type Metric string

// The metrics. The first five count outcomes.
const (
	MetricImported  Metric = "Imported"
	MetricUnchanged Metric = "Unchanged"
	MetricFailed    Metric = "Failed"
	MetricRejected  Metric = "Rejected"
	MetricSkipped   Metric = "Skipped"
	// MetricThrottled counts calls that AWS IoT throttled.
	MetricThrottled Metric = "Throttled"
	// MetricCeiling is how many devices per second the quotas allow one importer at
	// present.
	MetricCeiling Metric = "Ceiling"
	// MetricStalledImports is the number of stalled imports at a sweep.
	MetricStalledImports Metric = "StalledImports"
	// MetricStoppedImports counts imports that ended as stopped, without those that an operator
	// cancelled.
	MetricStoppedImports Metric = "StoppedImports"
	// MetricHandedBack counts devices that were sent again as a new message.
	MetricHandedBack Metric = "HandedBack"
	// MetricOldestDevice is the time since the oldest device of a batch was first sent,
	// in seconds. The age of messages does not show it, because a device that is handed
	// back is a new message.
	MetricOldestDevice Metric = "OldestDevice"
	// MetricUndeliverable counts messages from a dead-letter queue.
	MetricUndeliverable Metric = "Undeliverable"
)
