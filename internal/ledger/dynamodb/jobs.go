package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
)

// Phases of a [Job], in their order.
const (
	PhaseHash    = "hash"    // the object is read to know its SHA-256
	PhaseCheck   = "check"   // first pass: every entry is decoded, nothing is sent
	PhaseSend    = "send"    // second pass: devices are sent
	PhaseSent    = "sent"    // the importers have the rest
	PhaseDone    = "done"    // report and notice are out
	PhaseStopped = "stopped" // nothing is imported; report and notice are still to be made
)

// An Upload is one object that was put into a bucket. Bucket, Key and Version,
// where there is none ETag and Sequencer, say whether two are the same.
type Upload struct {
	Bucket, Key, Version string
	ETag, Sequencer      string
	Size                 int64
}

// An ObjectVersion is one version of an object.
type ObjectVersion struct{ Bucket, Key, Version string }

// A Job is an upload on its way to being a finished import.
type Job struct {
	// Import is the ID of its import.
	Import string
	Upload Upload
	Vendor string
	// Created is when the job was started, Updated when it was last saved, or given a cause.
	Created, Updated time.Time
	Phase            string
	// Settings are those that the import began with, and Progress how far it
	// is; both are for the functions to read.
	Settings string
	Progress []byte
	// Signers are the objects that hold the certificates of Microchip's signers.
	Signers []ObjectVersion
	// Cause is why the job stands still, and RetryAt when it is tried again;
	// both are empty while it moves. SetCause, which needs no lease, changes
	// them; saving a job leaves them as they are, but for one that is stopped,
	// whose cause goes with its phase.
	Cause   string
	RetryAt time.Time
	// Generation is that of the last lease.
	Generation int64
}

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
	attrRetryAt    = "retry_at"
	attrGeneration = "generation"
	attrOwner      = "lease_owner"
	attrUntil      = "lease_until"
	attrImport     = "import"
)

// Start begins the job of an upload, with its Import and whatever else of begin
// is set, or returns the one that is there: the same upload, however often it
// is told of, is one import.
func (l *Ledger) Start(ctx context.Context, upload Upload, begin Job) (job Job, created bool, err error) {
	begin.Upload, begin.Created, begin.Updated, begin.Generation = upload, l.now().UTC(), l.now().UTC(), 0
	values, err := jobItem(&begin)
	if err != nil {
		return Job{}, false, err
	}
	refused, err := l.transact(ctx, []types.TransactWriteItem{
		l.putNew(l.kept(with(uploadKey(upload), item{attrImport: str(begin.Import)}))),
		l.putNew(l.kept(with(jobKey(begin.Import), values))),
		l.putAny(l.kept(key(partitionOpen, begin.Import))),
		l.putAny(l.kept(pointerKey(partitionJobs, begin.Created, begin.Import))),
	})
	if err != nil {
		return Job{}, false, fmt.Errorf("ledger: start the import of %s/%s: %w", upload.Bucket, upload.Key, err)
	}
	if refused != nil {
		if there, ok := refused.held[0]; ok {
			job, err = l.Get(ctx, text(there, attrImport))
			return job, false, err
		}
		return Job{}, false, fmt.Errorf("ledger: start the import of %s/%s: import %s has another upload", upload.Bucket, upload.Key, begin.Import)
	}
	begin.Created, begin.Updated = begin.Created.Truncate(time.Microsecond), begin.Updated.Truncate(time.Microsecond)
	return begin, true, nil
}

// Get returns a job, no older than the call. It wraps [ledger.ErrNotFound].
func (l *Ledger) Get(ctx context.Context, importID string) (Job, error) {
	in := &dynamodb.GetItemInput{TableName: &l.table, Key: jobKey(importID), ConsistentRead: ptr(true)}
	out, err := call(ctx, func() (*dynamodb.GetItemOutput, error) { return l.client.GetItem(ctx, in) })
	if err != nil {
		return Job{}, fmt.Errorf("ledger: job of import %s: %w", importID, err)
	}
	if len(out.Item) == 0 {
		return Job{}, fmt.Errorf("ledger: job of import %s: %w", importID, ledger.ErrNotFound)
	}
	return jobOf(out.Item)
}

// SetCause says why a job stands still, and until when nothing is to be tried; an
// empty cause that it moves again. It needs no lease.
func (l *Ledger) SetCause(ctx context.Context, importID, cause string, retryAt time.Time) error {
	in := &dynamodb.UpdateItemInput{
		TableName: &l.table, Key: jobKey(importID),
		ConditionExpression:       ptr("attribute_exists(pk)"),
		UpdateExpression:          ptr("SET #updated = :updated REMOVE #cause, #retry"),
		ExpressionAttributeNames:  map[string]string{"#updated": attrUpdated, "#cause": attrCause, "#retry": attrRetryAt},
		ExpressionAttributeValues: item{":updated": micros(l.now())},
	}
	if cause != "" {
		in.UpdateExpression = ptr("SET #updated = :updated, #cause = :cause, #retry = :retry")
		in.ExpressionAttributeValues[":cause"], in.ExpressionAttributeValues[":retry"] = str(cause), micros(retryAt)
	}
	_, err := l.update(ctx, in)
	var missing *types.ConditionalCheckFailedException
	if errors.As(err, &missing) {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("ledger: job of import %s: %w", importID, err)
	}
	return nil
}

// Open yields the jobs that are not done. An error ends it.
func (l *Ledger) Open(ctx context.Context) iter.Seq2[Job, error] {
	return l.pointed(ctx, partitionOpen, query{consistent: true}, func(j *Job) bool { return j.Phase != PhaseDone })
}

// All yields every job, newest first. An error ends it.
func (l *Ledger) All(ctx context.Context) iter.Seq2[Job, error] {
	return l.pointed(ctx, partitionJobs, query{consistent: true, newestFirst: true}, func(*Job) bool { return true })
}

// pointed yields the jobs that the pointers of a partition name and want takes.
func (l *Ledger) pointed(ctx context.Context, partition string, q query, want func(*Job) bool) iter.Seq2[Job, error] {
	return func(yield func(Job, error) bool) {
		for pointer, err := range l.query(ctx, partition, q) {
			if err != nil {
				yield(Job{}, fmt.Errorf("ledger: list jobs: %w", err))
				return
			}
			id := pointedTo(pointer)
			if id == "" {
				id = text(pointer, attrSK)
			}
			job, err := l.Get(ctx, id)
			if errors.Is(err, ledger.ErrNotFound) || err == nil && !want(&job) {
				continue
			}
			if !yield(job, err) || err != nil {
				return
			}
		}
	}
}

// jobItem are the attributes of a job, but for its lease.
func jobItem(j *Job) (item, error) {
	upload, err := json.Marshal(j.Upload)
	if err != nil {
		return nil, fmt.Errorf("ledger: job of import %s: %w", j.Import, err)
	}
	i := item{
		attrImport: str(j.Import), attrUpload: str(string(upload)), attrPhase: str(j.Phase),
		attrCreated: micros(j.Created), attrUpdated: micros(j.Updated), attrGeneration: num(j.Generation),
	}
	put(i, attrVendor, j.Vendor)
	put(i, attrSettings, j.Settings)
	put(i, attrCause, j.Cause)
	if len(j.Progress) > 0 {
		i[attrProgress] = &types.AttributeValueMemberB{Value: j.Progress}
	}
	if !j.RetryAt.IsZero() {
		i[attrRetryAt] = micros(j.RetryAt)
	}
	if len(j.Signers) > 0 {
		signers, err := json.Marshal(j.Signers)
		if err != nil {
			return nil, fmt.Errorf("ledger: job of import %s: %w", j.Import, err)
		}
		i[attrSigners] = str(string(signers))
	}
	return i, nil
}

func jobOf(i item) (Job, error) {
	j := Job{
		Import: text(i, attrImport), Vendor: text(i, attrVendor), Phase: text(i, attrPhase),
		Created: instant(i, attrCreated), Updated: instant(i, attrUpdated),
		Settings: text(i, attrSettings), Cause: text(i, attrCause), RetryAt: instant(i, attrRetryAt),
		Generation: number(i, attrGeneration),
	}
	if b, ok := i[attrProgress].(*types.AttributeValueMemberB); ok {
		j.Progress = b.Value
	}
	err := json.Unmarshal([]byte(text(i, attrUpload)), &j.Upload)
	if signers := text(i, attrSigners); err == nil && signers != "" {
		err = json.Unmarshal([]byte(signers), &j.Signers)
	}
	if err != nil {
		return j, fmt.Errorf("ledger: job of import %s: %w", j.Import, err)
	}
	return j, nil
}
