package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/ledger"
)

// Verbs of a [Command].
const (
	VerbActivate   = "activate"
	VerbDeactivate = "deactivate"
	VerbVerify     = "verify"
	VerbUndo       = "undo"
)

// A Command is a later command over imports of the stack. It is a [Job] of its own.
type Command struct {
	Verb string `json:"verb"`
	// Of are the IDs of its imports.
	Of []string `json:"of"`
	// Only and Skip are the texts of lists of devices; empty for none. IgnoreUnmatched goes on if one of
	// them matches no device.
	Only            string `json:"only,omitempty"`
	Skip            string `json:"skip,omitempty"`
	IgnoreUnmatched bool   `json:"ignore_unmatched,omitempty"`
	// Full, Fix and Connected are the flags of verify.
	Full      bool `json:"full,omitempty"`
	Fix       bool `json:"fix,omitempty"`
	Connected bool `json:"connected,omitempty"`
	// DryRun and DeactivateOnly are those of undo.
	DryRun         bool `json:"dry_run,omitempty"`
	DeactivateOnly bool `json:"deactivate_only,omitempty"`
}

// MostLists is the maximum size of the lists of a command in bytes. A job is one item of DynamoDB, which
// holds 400 KB.
const MostLists = 200 << 10

// Recorded reports whether the ledger keeps an outcome of every device. A command that only reads has none,
// and begins anew each time.
func (c *Command) Recorded() bool { return (c.Verb != VerbVerify || c.Fix) && !c.DryRun }

// Removes reports whether the command needs the role that may delete.
func (c *Command) Removes() bool { return c.Verb == VerbUndo && !c.DryRun }

// Key returns the same text for commands that would do the same to the same devices.
func (c *Command) Key() string {
	text, _ := json.Marshal(c) // texts and booleans cannot fail
	sum := sha256.Sum256(append([]byte("thingpress command of a stack 1 "), text...))
	return hex.EncodeToString(sum[:])
}

// A RunningError is returned for a command over an import on which another one is at work.
type RunningError struct{ Import, Verb, Command string }

// Error names the other command.
func (e *RunningError) Error() string {
	return fmt.Sprintf("import %s: %s %s has not ended", e.Import, e.Verb, e.Command)
}

// A CommandProgress is the checkpoint and the result of a command.
type CommandProgress struct {
	// Next is the first entry that is not done.
	Next ledger.Place `json:"next"`
	// Surveyed is set after the lists were compared with the devices. UnmatchedOnly and UnmatchedSkip are
	// the lines that match none, MoreUnmatched is the number of those that are left out.
	Surveyed      bool     `json:"surveyed,omitempty"`
	UnmatchedOnly []string `json:"unmatched_only,omitempty"`
	UnmatchedSkip []string `json:"unmatched_skip,omitempty"`
	MoreUnmatched int      `json:"more_unmatched,omitempty"`
	// Calls are those of all invocations by operation, Planned those that a dry run would have made.
	Calls   map[string]int `json:"calls,omitempty"`
	Planned map[string]int `json:"planned,omitempty"`
	// Counts and Reasons are those of a dry run.
	Counts  ledger.Counts   `json:"counts,omitzero"`
	Reasons []ledger.Reason `json:"reasons,omitempty"`
	// Worked is how long functions have worked on it.
	Worked time.Duration `json:"worked,omitempty"`
	// Verified is the result of verify so far, Stretch the number of entries that are verified together if
	// it is not the usual one.
	Verified *Verified `json:"verified,omitempty"`
	Stretch  int       `json:"stretch,omitempty"`
	// Idle counts the invocations in a row without any progress.
	Idle int `json:"idle,omitempty"`
}

// Verified is what verify found. The fields have the meaning of those of [engine.Verification] and
// [engine.Connections].
type Verified struct {
	Devices       int             `json:"devices"`
	Drifted       int             `json:"drifted"`
	Unread        int             `json:"unread"`
	Sample        int             `json:"sample"`
	SampleDrifted int             `json:"sample_drifted"`
	Whole         device.Parts    `json:"whole"`
	OneSided      bool            `json:"one_sided,omitempty"`
	Uncheckable   []string        `json:"uncheckable,omitempty"`
	Findings      []ledger.Reason `json:"findings,omitempty"`
	Seen          int             `json:"seen,omitempty"`
	Connected     int             `json:"connected,omitempty"`
	Never         int             `json:"never,omitempty"`
	Unknown       int             `json:"unknown,omitempty"`
	Unindexed     int             `json:"unindexed,omitempty"`
	// Unreadable is why the manifest could not be read again for certificates that are gone; empty if it was
	// not necessary.
	Unreadable string `json:"unreadable,omitempty"`
	// Parts are the keys of the objects in the reports bucket that list every difference.
	Parts []string `json:"parts,omitempty"`
}

// ReadCommandProgress reads the checkpoint of a command.
func ReadCommandProgress(job Job) (CommandProgress, error) {
	var p CommandProgress
	if len(job.Progress) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(job.Progress, &p); err != nil {
		return p, fmt.Errorf("checkpoint of command %s: %w", job.Import, err)
	}
	return p, nil
}
