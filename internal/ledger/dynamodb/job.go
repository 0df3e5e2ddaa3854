// Package dynamodb keeps the ledger of a stack in one DynamoDB table, and with
// it the stack's jobs: the uploads that are on their way.
package dynamodb

import (
	"errors"
	"fmt"
	"time"
)

// An Upload identifies one content of one object: by its version where the
// bucket has versions, else by ETag and sequencer.
type Upload struct {
	Bucket, Key string
	// Version is the version's ID; empty in a bucket without versions.
	Version string
	// ETag is without quotes. Sequencer orders the events of one key.
	ETag, Sequencer string
	// Size is in bytes.
	Size int64
}

// Phases of a job, in their order.
const (
	PhaseHash    = "hash"    // the object's hash is formed
	PhaseCheck   = "check"   // first pass: everything is decoded, nothing is sent
	PhaseSend    = "send"    // second pass: devices are sent, rejected entries recorded
	PhaseSent    = "sent"    // importers work on what was sent
	PhaseDone    = "done"    // report and notice are written
	PhaseStopped = "stopped" // the import ended with its Cause
)

// A Job is the import of one upload.
type Job struct {
	// Import is the import's ID, a UUIDv7.
	Import string
	Upload Upload
	Vendor string
	// Created is when the upload was first heard of, Updated when the job was last saved.
	Created, Updated time.Time
	Phase            string
	// Settings are frozen when the job begins. They are not read here.
	Settings string
	// Signers are the objects that the job began with; nil before.
	Signers []ObjectVersion
	// Progress is the decoder's checkpoint. It is not read here.
	Progress []byte
	// Cause is why the job stands still, and RetryAt when it is tried again;
	// both are empty while it moves. SetCause, which needs no lease, changes
	// them; saving a job leaves them as they are, but for one that is stopped,
	// whose cause goes with its phase.
	Cause   string
	RetryAt time.Time
	// Generation counts how often the job's lease was taken.
	Generation int64
}

// An ObjectVersion names one content of an object; Version is empty in a
// bucket without versions.
type ObjectVersion struct {
	Bucket, Key, Version string
}

// A Lease is the right to work on a job until a time. Who takes it later has a
// higher Generation, and from then on nothing can be saved under this one.
type Lease struct {
	Import, Owner string
	Generation    int64
	Until         time.Time
}

// A LeasedError says that another owner has the lease.
type LeasedError struct {
	// Until is when the lease ends if it is not prolonged.
	Until time.Time
}

// Error says until when.
func (e *LeasedError) Error() string {
	return fmt.Sprintf("another invocation works on the import until %s", e.Until.UTC().Format(time.RFC3339))
}

// ErrFenced says that the lease was taken by another owner since.
var ErrFenced = errors.New("the lease was taken by another invocation")
