package ledger

import "time"

// State is the state of an import.
type State string

// States of an import. The same command line resumes an import unless it is finished without
// failed and rejected entries.
const (
	StateRunning     State = "running"     // a process works on it, or was killed
	StateInterrupted State = "interrupted" // the operator ended it, or its process was killed
	StateStopped     State = "stopped"     // something is wrong with the import as a whole
	StateFinished    State = "finished"    // every entry has an outcome
)

// CauseKilled is the cause of an interrupted import whose process ended before it could record why.
const CauseKilled = "the process was killed"

// An Import is one run over one or more manifests with one set of attachments
// in one account and region. A resumed run is the same import.
type Import struct {
	// ID is a UUIDv7 (RFC 9562).
	ID string
	// Key is equal for imports that would do the same. It is a hash of manifests, target,
	// attachments and everything else that affects a device or its outcome.
	Key string
	// Target is the account and region.
	Target Target
	// Manifests are the inputs, in the order of the command line.
	Manifests []Manifest
	// Settings are attachments and options as JSON, for people and for the process that resumes
	// the import.
	Settings string
	// Begun is the time at which the import began, Ended the time at which its last run ended.
	Begun, Ended time.Time
	// State is the state of the import.
	State State
	// Cause is the reason why the import was stopped or interrupted, or empty.
	Cause string
	// Counts are the entries by outcome.
	Counts Counts
	// Verb is empty for an import. A later command over the devices of imports, such as "undo", is
	// recorded in the same way as an import, with Verb set; Of are the IDs of those imports. Its
	// manifests are theirs one after the other, so that its entries are those of the first import,
	// then those of the second.
	Verb string
	Of   []string
	// Baseline is the time at which the things of the account were listed before the first call, or
	// zero if they were not.
	Baseline time.Time
}

// Resumable reports whether the same command line resumes the import: it did not reach its end,
// or entries failed or were rejected, or a later command kept something.
func (i Import) Resumable() bool {
	return i.State != StateFinished || i.Counts.Failed > 0 || i.Counts.Rejected > 0 || i.Counts.Kept > 0
}

// Target is the destination of an import.
type Target struct {
	Partition string `json:"partition"` // aws, aws-cn, aws-us-gov
	Account   string `json:"account"`   // twelve digits
	Region    string `json:"region"`
	// Endpoint is the URL of an endpoint other than AWS's, or empty.
	Endpoint string `json:"endpoint,omitempty"`
	// Sandbox is the random ID of a sandbox's state, or empty.
	Sandbox string `json:"sandbox,omitempty"`
}

// ARN returns the ARN of a resource of AWS IoT in the target, such as cert/ID.
func (t Target) ARN(resource string) string {
	return "arn:" + t.Partition + ":iot:" + t.Region + ":" + t.Account + ":" + resource
}

// A Manifest is one input of an import.
type Manifest struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256"` // of the content, lower-case hex
	Size    int64  `json:"size"`   // bytes
	Vendor  string `json:"vendor"`
	Entries int    `json:"entries"`
}

// Counts are entries by outcome. Entries = Imported + Unchanged + Failed +
// Rejected + Skipped + Changed + Kept + Pending. Only later commands have Changed and Kept.
type Counts struct {
	Entries   int `json:"entries"`
	Imported  int `json:"imported"`
	Unchanged int `json:"unchanged"`
	Failed    int `json:"failed"`
	Rejected  int `json:"rejected"`
	Skipped   int `json:"skipped"`
	Changed   int `json:"changed,omitempty"`
	Kept      int `json:"kept,omitempty"`
}

// Pending returns the number of entries without an outcome.
func (c Counts) Pending() int {
	return c.Entries - c.Imported - c.Unchanged - c.Failed - c.Rejected - c.Skipped - c.Changed - c.Kept
}

// Of returns the number of entries with an outcome, or 0 for an unknown outcome.
func (c Counts) Of(o Outcome) int {
	if n := c.of(o); n != nil {
		return *n
	}
	return 0
}

// Add adds n entries with an outcome; n may be negative.
func (c *Counts) Add(o Outcome, n int) {
	if count := c.of(o); count != nil {
		*count += n
	}
}

func (c *Counts) of(o Outcome) *int {
	switch o {
	case Imported:
		return &c.Imported
	case Unchanged:
		return &c.Unchanged
	case Failed:
		return &c.Failed
	case Rejected:
		return &c.Rejected
	case Skipped:
		return &c.Skipped
	case Changed:
		return &c.Changed
	case Kept:
		return &c.Kept
	}
	return nil
}

// End describes how a run of an import ended.
type End struct {
	State State
	Cause string
	At    time.Time
}
