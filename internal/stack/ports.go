package stack

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// Jobs keeps the jobs of a stack. Its methods may be called concurrently, from
// several processes.
type Jobs interface {
	// Start begins the job of an upload, with its Import and whatever else of
	// begin is set, or returns the job that the upload has already: the same
	// upload is one import, however often the stack is told of it.
	Start(ctx context.Context, upload Upload, begin Job) (job Job, created bool, err error)
	// Get returns a job, no older than the call. It wraps [ledger.ErrNotFound].
	Get(ctx context.Context, importID string) (Job, error)
	// SetCause records why a job stands still, and until when nothing is to be
	// tried. An empty cause records that it moves again. It needs no lease, and
	// wraps [ledger.ErrNotFound].
	SetCause(ctx context.Context, importID, cause string, retryAt time.Time) error
	// Open yields the jobs that are not done. An error ends it.
	Open(ctx context.Context) iter.Seq2[Job, error]
}

// Leases lets one function at a time work on a job.
type Leases interface {
	// Lease takes the lease of a job, or renews it. No other function may use
	// the same owner. It returns a *[LeasedError] while another owner has the
	// lease, and wraps [ledger.ErrNotFound].
	Lease(ctx context.Context, importID, owner string, until time.Time) (Lease, error)
	// Save saves a job under its lease. Import, Upload, Created and Generation
	// stay as they are, and so do Cause and RetryAt unless the job is stopped.
	// It wraps [ErrFenced] after another function has taken the lease.
	Save(ctx context.Context, lease Lease, job Job) error
	// Release gives a lease back, unless another function has it by now.
	Release(ctx context.Context, lease Lease) error
}

// Claims decides which entry of an import has a thing name and a certificate.
type Claims interface {
	// Claim gives name and certificate to the entry that asks first, both or
	// neither, and returns which entries have them. The answers are in the order
	// of the claims. A claim that is repeated is answered as before, except for
	// New. After an error any of the claims may have been made.
	Claim(ctx context.Context, importID string, claims []Claim) ([]Claimed, error)
}

// Ledger is what the functions need of the stack's [ledger.Ledger], in which
// several journals of one import may be open at once.
type Ledger interface {
	// Import returns an import, no older than the call. It wraps [ledger.ErrNotFound].
	Import(ctx context.Context, id string) (ledger.Import, error)
	Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error)
	Resume(ctx context.Context, id string) (ledger.Journal, error)
	// Counts returns the entries of an import by outcome, no older than the call.
	Counts(ctx context.Context, id string) (ledger.Counts, error)
	// Outcomes returns the records of those of the entries that have one, no
	// older than the call.
	Outcomes(ctx context.Context, importID string, entries []int) (map[int]ledger.Record, error)
}

// A Message is one to send to a queue.
type Message struct {
	Body string
	// Delay is how long the queue keeps it back, in whole seconds, up to [MaxDelay].
	Delay time.Duration
}

// A Delivery is one message that a queue delivered.
type Delivery struct {
	// ID is the one that SQS gave it.
	ID, Body string
}

// A Queue takes messages. It may be called concurrently.
type Queue interface {
	// Send sends messages, in no order, and returns when each was taken or
	// refused for good. The error is a *[RefusedError] that names the refused
	// ones. If an answer was lost, a message that it names may have been taken.
	Send(ctx context.Context, messages []Message) error
}

// A RefusedError names the messages that a queue did not take. The others were taken.
type RefusedError struct {
	// Indices are the places of the messages among those given to Send, in no order.
	Indices []int
	// Cause is why the last of them was not taken.
	Cause error
}

// Error tells how many messages were refused, and why.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%d messages were not taken by the queue: %v", len(e.Indices), e.Cause)
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }

// Notices tells operators.
type Notices interface {
	Notify(ctx context.Context, subject, text string) error
}

// Metrics takes values of metrics as they come. Values that are not finite are left out.
type Metrics interface {
	Put(values map[Metric]float64) error
}

// A Metric is the name of one metric of the stack.
type Metric string

// The metrics. The first five count outcomes.
const (
	MetricImported  Metric = "Imported"
	MetricUnchanged Metric = "Unchanged"
	MetricFailed    Metric = "Failed"
	MetricRejected  Metric = "Rejected"
	MetricSkipped   Metric = "Skipped"
	// MetricThrottled counts calls that AWS IoT refused because of their rate.
	MetricThrottled Metric = "Throttled"
	// MetricCeiling is the devices per second that the quotas allow one importer now.
	MetricCeiling Metric = "Ceiling"
	// MetricStalledImports counts the open imports that stand still, at each sweep.
	MetricStalledImports Metric = "StalledImports"
	// MetricHandedBack counts devices that were sent again as a new message.
	MetricHandedBack Metric = "HandedBack"
	// MetricUndeliverable counts messages that came through a dead-letter queue.
	MetricUndeliverable Metric = "Undeliverable"
)
