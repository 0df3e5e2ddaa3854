package jobtable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
)

// Attributes of a job.
const (
	attrUpload     = "upload"
	attrVendor     = "vendor"
	attrCreated    = "created"
	attrUpdated    = "updated"
	attrPhase      = "phase"
	attrSettings   = "settings"
	attrProgress   = "progress"
	attrSigners    = "signers"
	attrCause      = "cause"
	attrRetryAt    = "retry_at"
	attrGeneration = "generation"
	attrOwner      = "lease_owner"
	attrUntil      = "lease_until"
	attrUnsaved    = "lease_unsaved" // leases since the last save or release
	attrSent       = "sent"
	attrOrder      = "order"    // JSON
	attrObserved   = "observed" // JSON
	attrRetried    = "retried"
	attrImport     = "import"
	attrCommand    = "command" // JSON
)

// Start implements [stack.Jobs].
func (s *Store) Start(ctx context.Context, upload stack.Upload, begin stack.Job) (job stack.Job, created bool, err error) {
	begin.Upload, begin.Created, begin.Updated, begin.Generation = upload, s.table.Now().UTC(), s.table.Now().UTC(), 0
	values, err := jobItem(&begin)
	if err != nil {
		return stack.Job{}, false, err
	}
	refused, err := s.table.Transact(ctx, []types.TransactWriteItem{
		s.table.PutNew(s.table.Kept(table.With(uploadKey(upload), table.Item{attrImport: table.Str(begin.Import)}))),
		s.table.PutNew(s.table.Kept(table.With(jobKey(begin.Import), values))),
		s.table.PutAny(s.table.Kept(table.Key(partitionOpen, begin.Import))),
		s.table.PutAny(s.table.Kept(table.PointerKey(partitionJobs, begin.Created, begin.Import))),
	})
	if err != nil {
		return stack.Job{}, false, fmt.Errorf("ledger: start the import of %s/%s: %w", upload.Bucket, upload.Key, err)
	}
	if refused != nil {
		if there, ok := refused.Held[0]; ok {
			job, err = s.Get(ctx, table.Text(there, attrImport))
			return job, false, err
		}
		return stack.Job{}, false, fmt.Errorf("ledger: start the import of %s/%s: import %s has another upload",
			upload.Bucket, upload.Key, begin.Import)
	}
	begin.Created, begin.Updated = begin.Created.Truncate(time.Microsecond), begin.Updated.Truncate(time.Microsecond)
	return begin, true, nil
}

// Get implements [stack.Jobs].
func (s *Store) Get(ctx context.Context, importID string) (stack.Job, error) {
	found, err := s.table.Get(ctx, jobKey(importID))
	if err == nil && len(found) == 0 {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return stack.Job{}, fmt.Errorf("ledger: job of import %s: %w", importID, err)
	}
	return jobOf(found)
}

// SetCause implements [stack.Jobs].
func (s *Store) SetCause(ctx context.Context, importID, cause string, retryAt time.Time) error {
	u := table.Update{
		Key: jobKey(importID), If: "attribute_exists(pk)",
		Set: []string{"#updated = :updated"}, Values: table.Item{":updated": table.Micros(s.table.Now())},
	}
	if cause == "" {
		u.Remove = []string{"#cause", "#retry_at"}
	} else {
		u.Set = append(u.Set, "#cause = :cause", "#retry_at = :retry_at")
		u.Values[":cause"], u.Values[":retry_at"] = table.Str(cause), table.Micros(retryAt)
	}
	_, ok, err := s.table.Update(ctx, u)
	if err == nil && !ok {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("ledger: job of import %s: %w", importID, err)
	}
	return nil
}

// Open implements [stack.Jobs].
func (s *Store) Open(ctx context.Context) iter.Seq2[stack.Job, error] {
	return s.pointed(ctx, partitionOpen, table.Query{}, func(j *stack.Job) bool { return j.Phase != stack.PhaseDone })
}

// All yields every job, newest first. An error ends it.
func (s *Store) All(ctx context.Context) iter.Seq2[stack.Job, error] {
	return s.pointed(ctx, partitionJobs, table.Query{NewestFirst: true}, func(*stack.Job) bool { return true })
}

// pointed yields the jobs that the pointers in a partition name, if want returns
// true.
func (s *Store) pointed(ctx context.Context, partition string, q table.Query, want func(*stack.Job) bool) iter.Seq2[stack.Job, error] {
	return func(yield func(stack.Job, error) bool) {
		for pointer, err := range s.table.Query(ctx, partition, q) {
			if err != nil {
				yield(stack.Job{}, fmt.Errorf("ledger: list jobs: %w", err))
				return
			}
			id := table.PointedTo(pointer)
			if id == "" {
				id = table.Text(pointer, table.SK)
			}
			job, err := s.Get(ctx, id)
			if errors.Is(err, ledger.ErrNotFound) || err == nil && !want(&job) {
				continue
			}
			if !yield(job, err) || err != nil {
				return
			}
		}
	}
}

// jobItem returns the attributes of a job, without those of its lease.
func jobItem(j *stack.Job) (table.Item, error) {
	upload, err := json.Marshal(j.Upload)
	if err != nil {
		return nil, fmt.Errorf("ledger: job of import %s: %w", j.Import, err)
	}
	i := table.Item{
		attrImport: table.Str(j.Import), attrUpload: table.Str(string(upload)), attrPhase: table.Str(j.Phase),
		attrCreated: table.Micros(j.Created), attrUpdated: table.Micros(j.Updated), attrGeneration: table.Num(j.Generation),
	}
	table.Put(i, attrVendor, j.Vendor)
	table.Put(i, attrSettings, j.Settings)
	table.Put(i, attrCause, j.Cause)
	if len(j.Progress) > 0 {
		i[attrProgress] = &types.AttributeValueMemberB{Value: j.Progress}
	}
	if j.Command != nil {
		command, err := json.Marshal(j.Command)
		if err != nil {
			return nil, fmt.Errorf("ledger: command %s: %w", j.Import, err)
		}
		i[attrCommand] = table.Str(string(command))
	}
	if j.Sent != 0 {
		i[attrSent] = table.Num(j.Sent)
	}
	if !j.RetryAt.IsZero() {
		i[attrRetryAt] = table.Micros(j.RetryAt)
	}
	if !j.Retried.IsZero() {
		i[attrRetried] = table.Micros(j.Retried)
	}
	if len(j.Signers) > 0 {
		signers, err := json.Marshal(j.Signers)
		if err != nil {
			return nil, fmt.Errorf("ledger: job of import %s: %w", j.Import, err)
		}
		i[attrSigners] = table.Str(string(signers))
	}
	return i, nil
}

func jobOf(i table.Item) (stack.Job, error) {
	j := stack.Job{
		Import: table.Text(i, attrImport), Vendor: table.Text(i, attrVendor), Phase: table.Text(i, attrPhase),
		Created: table.Instant(i, attrCreated), Updated: table.Instant(i, attrUpdated),
		Settings: table.Text(i, attrSettings), Cause: table.Text(i, attrCause), RetryAt: table.Instant(i, attrRetryAt),
		Retried: table.Instant(i, attrRetried), Sent: int(table.Number(i, attrSent)), Generation: table.Number(i, attrGeneration),
	}
	if table.Has(i, attrOwner) {
		j.LeasedUntil = table.Instant(i, attrUntil)
	}
	if b, ok := i[attrProgress].(*types.AttributeValueMemberB); ok {
		j.Progress = b.Value
	}
	err := json.Unmarshal([]byte(table.Text(i, attrUpload)), &j.Upload)
	for name, to := range map[string]any{
		attrSigners: &j.Signers, attrOrder: &j.Order, attrObserved: &j.Observed, attrCommand: &j.Command,
	} {
		if text := table.Text(i, name); err == nil && text != "" {
			err = json.Unmarshal([]byte(text), to)
		}
	}
	if err != nil {
		return j, fmt.Errorf("ledger: job of import %s: %w", j.Import, err)
	}
	return j, nil
}

// IDs yields the import of every job, newest first, without reading the jobs. An error ends it.
func (s *Store) IDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for pointer, err := range s.table.Query(ctx, partitionJobs, table.Query{NewestFirst: true}) {
			if err != nil {
				err = fmt.Errorf("ledger: list jobs: %w", err)
			}
			if !yield(table.PointedTo(pointer), err) || err != nil {
				return
			}
		}
	}
}

// ImportOf returns the import of an upload. The error wraps [ledger.ErrNotFound] if it has none.
func (s *Store) ImportOf(ctx context.Context, upload stack.Upload) (string, error) {
	found, err := s.table.Get(ctx, uploadKey(upload))
	if err == nil && len(found) == 0 {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("ledger: import of %s/%s: %w", upload.Bucket, upload.Key, err)
	}
	return table.Text(found, attrImport), nil
}
