package stack

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// Phases of a [Job], in their order.
const (
	PhaseHash    = "hash"    // the object is read to know its SHA-256
	PhaseCheck   = "check"   // first pass: every entry is decoded, nothing is sent
	PhaseSend    = "send"    // second pass: devices are sent
	PhaseSent    = "sent"    // the importers have the rest
	PhaseDone    = "done"    // report and notice are out
	PhaseStopped = "stopped" // nothing more is sent; report and notice are still to be made
	PhaseWork    = "work"    // a later command works on the devices of imports
)

// nextPhases are the phases to which a job may move; from "" it begins.
// docs/lifecycle.md describes who moves it.
var nextPhases = map[string][]string{
	"":           {PhaseHash, PhaseWork},
	PhaseHash:    {PhaseCheck, PhaseStopped},
	PhaseCheck:   {PhaseSend, PhaseStopped},
	PhaseSend:    {PhaseSent, PhaseStopped},
	PhaseSent:    {PhaseDone, PhaseStopped, PhaseSend},
	PhaseStopped: {PhaseStopped, PhaseDone, PhaseHash, PhaseSend},
	PhaseDone:    {PhaseDone, PhaseHash, PhaseSend, PhaseWork},
	PhaseWork:    {PhaseDone},
}

// NextPhases returns the phases to which a job may move from a phase.
func NextPhases(phase string) []string { return nextPhases[phase] }

// An Upload is an object that was put into a bucket. Two uploads are the same if
// Bucket, Key and Version are equal; without a Version, ETag and Sequencer take its
// place.
type Upload struct {
	Bucket, Key, Version string
	ETag, Sequencer      string
	Size                 int64
}

// Quoted returns the object as an s3:// URI in quotes, for notices. Whoever may put objects into a
// bucket chooses their keys.
func (u *Upload) Quoted() string { return strconv.Quote("s3://" + u.Bucket + "/" + u.Key) }

// An ObjectVersion is one version of an object.
type ObjectVersion struct{ Bucket, Key, Version string }

// PublishedSigners stands for the signers that a vendor has published, in [Job.Signers]. They are
// part of the program.
var PublishedSigners = ObjectVersion{Key: "published"}

// A Job is the work on an upload, from its event to its report, or that on a later command.
type Job struct {
	// Import is the ID of its import, or that of the command.
	Import string
	// Command is set for a later command. Upload and Vendor are those of its first import then.
	Command *Command
	Upload  Upload
	Vendor  string
	// Created is when the job was started, Updated when it was last saved or given a cause.
	Created, Updated time.Time
	Phase            string
	// Settings are those with which the import began, as returned by
	// [FreezeSettings]. Progress is the checkpoint of the function that works on the
	// job.
	Settings string
	Progress []byte
	// Sent is the number of entries that were sent to the importers or rejected, counted
	// so that [Job.InFlight] is what exceeds the entries with an outcome.
	Sent int
	// Signers are the objects that hold the certificates of Microchip's signers, and
	// [PublishedSigners].
	Signers []ObjectVersion
	// Cause is why the job is stalled, and RetryAt when it is tried again. Both are
	// empty while the job makes progress. SetCause, which needs no lease, changes
	// them. Saving a job keeps them, unless the job is stopped: then its cause is
	// saved with its phase.
	Cause   string
	RetryAt time.Time
	// Order is what the operator wants; the zero value if there is no order. SetOrder and
	// FinishOrder, which need no lease, change it. Saving a job keeps it.
	Order Order
	// Retried is when the import was last retried. Outcomes that failed before are taken
	// back. It is zero if that never happened.
	Retried time.Time
	// Observed is what the latest sweep saw. Observe, which needs no lease, changes it.
	// Saving a job keeps it.
	Observed Observed
	// Generation of the latest lease, and its end; the zero time if it was released.
	Generation  int64
	LeasedUntil time.Time
}

// InFlight returns how many entries are with the importers: in their queue, or in their
// hands. Entries whose message was lost are among them.
func (j *Job) InFlight(counts ledger.Counts) int {
	switch j.Phase {
	case PhaseSend:
		return max(0, j.Sent-(counts.Entries-counts.Pending()))
	case PhaseSent:
		return counts.Pending()
	}
	return 0
}

// Move moves the job to a phase. It returns an error, which is a bug, if no job
// may move there from its phase.
func (j *Job) Move(phase string) error {
	if !slices.Contains(nextPhases[j.Phase], phase) {
		return fmt.Errorf("import %s: a job in phase %q cannot move to phase %q, which is a bug in Thingpress", j.Import, j.Phase, phase)
	}
	j.Phase = phase
	return nil
}

// Ended reports whether the job has ended: it was stopped, or report and notice are
// out. Devices that were sent before, or are delivered again later, are still
// imported.
func (j *Job) Ended() bool { return j.Phase == PhaseStopped || j.Phase == PhaseDone }

// AtWork reports whether functions work on the job, or will when they learn of its order.
func (j *Job) AtWork() bool {
	return !j.Ended() || j.Order.Kind == OrderRetry || j.Order.Kind == OrderResume
}

// Stopped reports whether the job has ended with a cause.
func (j *Job) Stopped() bool { return j.Ended() && j.Cause != "" }

// A Lease is the right to work on a job until a time. A late owner is not
// interrupted, but the next lease has a higher generation, after which saves of the
// earlier owner are refused.
type Lease struct {
	Import     string
	Owner      string
	Generation int64
	Until      time.Time
	// Crashes is how many owners in a row, before this one, neither saved the job nor
	// released their lease.
	Crashes int
}

// ErrFenced is returned if another function has taken the lease. The caller must stop
// and leave the job to that function.
var ErrFenced = errors.New("another function has taken over this import")

// A LeasedError is returned while another function has the lease.
type LeasedError struct {
	Import string
	// Until is when the lease ends, unless it is released or renewed before.
	Until time.Time
}

// leasedMost is how long somebody waits at most before asking for a lease again. Nearly all
// leases are released long before they end.
const leasedMost = time.Minute

// Wait returns how long to wait before asking for the lease again.
func (e *LeasedError) Wait(now time.Time) time.Duration {
	return min(e.Until.Sub(now)+time.Second, leasedMost)
}

// Error returns the import and the end of the lease.
func (e *LeasedError) Error() string {
	return fmt.Sprintf("import %s: another function is working on it until %s", e.Import, e.Until.Format(time.RFC3339))
}
