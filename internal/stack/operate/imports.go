package operate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
)

// An Import is an upload and its import, or a later command.
type Import struct {
	Job stack.Job
	// Record is the import in the ledger; nil while the manifest is being checked, and for a command that
	// only reads.
	Record *ledger.Import
}

// State returns the state of the import: the ledger's or, before the import is in the
// ledger, one for the phase of the job. What an operator has ordered comes first.
func (i *Import) State() string {
	switch {
	case i.Job.Cancelled() && i.Ended():
		return "cancelled"
	case i.Job.Cancelled():
		return "cancelling"
	case i.Job.Paused():
		return "paused"
	case i.Job.Order.Kind == stack.OrderRetry || i.Job.Order.Kind == stack.OrderResume:
		return "waiting"
	case i.Job.Command != nil && !i.Job.Ended():
		return string(ledger.StateRunning)
	case i.Job.Command != nil && i.Job.Stopped():
		return string(ledger.StateStopped)
	case i.Job.Command != nil:
		return string(ledger.StateFinished)
	case i.Record == nil || i.Record.State == ledger.StateRunning && i.Job.Phase != stack.PhaseSent && i.Job.Phase != stack.PhaseDone:
		return map[string]string{
			stack.PhaseHash: "reading", stack.PhaseCheck: "checking", stack.PhaseSend: "sending",
			stack.PhaseStopped: string(ledger.StateStopped),
		}[i.Job.Phase]
	default:
		return string(i.Record.State)
	}
}

// States returns the states that an import can have, in their order.
func States() []string {
	return []string{
		"reading", "checking", "sending", string(ledger.StateRunning), "paused", "waiting", "cancelling", "cancelled",
		string(ledger.StateStopped), string(ledger.StateFinished),
	}
}

// Ended reports whether the import has ended and nothing more happens by itself.
func (i *Import) Ended() bool {
	return i.Job.Phase == stack.PhaseDone && i.Job.Order.Kind != stack.OrderRetry && i.Job.Order.Kind != stack.OrderResume
}

// Stopped reports whether the import has ended with a cause.
func (i *Import) Stopped() bool {
	if i.Job.Command != nil {
		return i.Ended() && i.Job.Stopped()
	}
	return i.Ended() && (i.Record == nil || i.Record.State == ledger.StateStopped)
}

// Cause returns why the import was stopped or is stalled.
func (i *Import) Cause() string {
	if i.Job.Cause != "" || i.Record == nil {
		return i.Job.Cause
	}
	return i.Record.Cause
}

// Counts returns the outcomes so far; all zero while the manifest is being checked.
func (i *Import) Counts() ledger.Counts {
	if i.Record == nil {
		return ledger.Counts{}
	}
	return i.Record.Counts
}

// Rate returns how many devices a second were finished, on average since the manifest
// was checked; 0 if that is unknown.
func (i *Import) Rate(now time.Time) float64 {
	if i.Record == nil {
		return 0
	}
	if !i.Record.Ended.IsZero() {
		now = i.Record.Ended
	}
	c, seconds := i.Record.Counts, now.Sub(i.Record.Begun).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(c.Imported+c.Unchanged+c.Failed+c.Changed+c.Kept) / seconds
}

// Left returns how long the rest takes at this rate; 0 if the import has ended or is
// stalled, or the rate is unknown.
func (i *Import) Left(now time.Time) time.Duration {
	rate := i.Rate(now)
	if rate == 0 || i.Ended() || i.Cause() != "" {
		return 0
	}
	return time.Duration(float64(i.Record.Counts.Pending()) / rate * float64(time.Second))
}

// table returns the stack's table.
func (s *Stack) table() (*table.Table, error) {
	name, err := s.resource(ledgerTable)
	if err != nil {
		return nil, err
	}
	return table.New(s.dynamodb, name, table.Options{}), nil
}

// Ledger returns the stack's ledger.
func (s *Stack) Ledger() (*dynamodb.Ledger, error) {
	t, err := s.table()
	if err != nil {
		return nil, err
	}
	return dynamodb.New(t, dynamodb.Options{}), nil
}

// Imports yields every upload, newest first, without later commands. An error ends it.
func (s *Stack) Imports(ctx context.Context) iter.Seq2[Import, error] {
	return func(yield func(Import, error) bool) {
		for i, err := range s.imports(ctx, (*jobtable.Store).All) {
			if i.Job.Command != nil {
				continue
			}
			if !yield(i, err) {
				return
			}
		}
	}
}

// OpenImports yields the uploads and later commands that are not done. An error ends it.
func (s *Stack) OpenImports(ctx context.Context) iter.Seq2[Import, error] {
	return s.imports(ctx, (*jobtable.Store).Open)
}

func (s *Stack) imports(
	ctx context.Context, list func(*jobtable.Store, context.Context) iter.Seq2[stack.Job, error],
) iter.Seq2[Import, error] {
	return func(yield func(Import, error) bool) {
		t, err := s.table()
		if err != nil {
			yield(Import{}, err)
			return
		}
		for job, err := range list(jobtable.New(t), ctx) {
			var found Import
			if err == nil {
				found, err = withRecord(ctx, t, job)
			}
			if !yield(found, err) || err != nil {
				return
			}
		}
	}
}

// Import returns an import. The error wraps [ledger.ErrNotFound] if there is none.
func (s *Stack) Import(ctx context.Context, id string) (Import, error) {
	t, err := s.table()
	if err != nil {
		return Import{}, err
	}
	job, err := jobtable.New(t).Get(ctx, id)
	if err != nil {
		return Import{}, err
	}
	return withRecord(ctx, t, job)
}

func withRecord(ctx context.Context, t *table.Table, job stack.Job) (Import, error) {
	record, err := dynamodb.New(t, dynamodb.Options{}).Import(ctx, job.Import)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return Import{Job: job}, nil
	case err != nil:
		return Import{}, err
	}
	return Import{Job: job, Record: &record}, nil
}

// A Reason is why entries of an import were not imported.
type Reason struct {
	Outcome ledger.Outcome `json:"outcome"`
	Reason  string         `json:"reason"`
	Count   int            `json:"count"`
	// Example is the detail of the first of them.
	Example string `json:"example"`
	Thing   string `json:"thing_name,omitempty"`
	Entry   int    `json:"entry"`
}

// Tally reads all records of an import or a command, and returns why entries failed or were left out, the most
// frequent reason first. A million records take about half a minute.
func (s *Stack) Tally(ctx context.Context, id string) ([]ledger.Reason, error) {
	l, err := s.Ledger()
	if err != nil {
		return nil, err
	}
	var tally ledger.Tally
	for r, err := range l.Records(ctx, id) {
		if err != nil {
			return nil, err
		}
		tally.Add(r)
	}
	return tally.Reasons(), nil
}

// Reasons returns why entries of an import were not imported, as [Stack.Tally] does.
func (s *Stack) Reasons(ctx context.Context, id string) ([]Reason, error) {
	reasons, err := s.Tally(ctx, id)
	if err != nil {
		return nil, err
	}
	var list []Reason
	for _, r := range reasons {
		list = append(list, Reason{
			Outcome: r.Outcome, Reason: r.Reason, Count: r.Count,
			Example: r.Examples[0].Detail, Thing: r.Examples[0].ThingName, Entry: r.Examples[0].Entry,
		})
	}
	return list, nil
}

// AwaitUpload waits until the stack has begun the import of an object version, and
// returns it. Only the end of ctx limits the time.
func (s *Stack) AwaitUpload(ctx context.Context, bucket, key, version string) (Import, error) {
	for {
		for i, err := range s.Imports(ctx) {
			if err != nil {
				return Import{}, err
			}
			if u := i.Job.Upload; u.Bucket == bucket && u.Key == key && u.Version == version {
				return i, nil
			}
			if time.Since(i.Job.Created) > recent {
				break // the list is ordered, and the upload was made a moment ago
			}
		}
		if err := backoff.Sleep(ctx, pollEvery); err != nil {
			return Import{}, fmt.Errorf("s3://%s/%s: the stack has not begun its import: %w", bucket, key, err)
		}
	}
}

// recent is the age of the oldest import that may belong to an upload of this
// process.
const recent = 24 * time.Hour

// HasLedger reports whether the stack has a ledger. One that was never created completely may have none.
func (s *Stack) HasLedger() bool { return s.resources[ledgerTable] != "" }

// KeptNotices returns the notices that could not be sent yet.
func (s *Stack) KeptNotices(ctx context.Context) ([]stack.KeptNotice, error) {
	t, err := s.table()
	if err != nil {
		return nil, err
	}
	var list []stack.KeptNotice
	for n, err := range jobtable.New(t).Kept(ctx) {
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}
