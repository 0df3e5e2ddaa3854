package stack

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// Kinds of a [Notice].
const (
	NoticeEnded      = "ended"      // the import has ended
	NoticeStalled    = "stalled"    // a fault keeps the whole import from going on
	NoticeUnreported = "unreported" // the import has ended, and its report cannot be written
	NoticeCommand    = "command"    // a later command over imports has ended
)

// A Notice is news of an import, for people and for programs.
type Notice struct {
	Kind string `json:"kind"`
	// Subject and Text are for people.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// Event is for programs.
	Event Event `json:"event"`
}

// EventSchema is the version of the schema of an [Event], which docs/events.md describes. It changes
// if a field gets another meaning or is removed.
const EventSchema = 1

// An Event is the part of a notice that programs read.
type Event struct {
	Schema int    `json:"schema"`
	Kind   string `json:"kind"`
	Stack  string `json:"stack"`
	Import string `json:"import"`
	// Command, Verb and Imports are set if it is about a later command. Import is the first of Imports, to which
	// the fields of the object belong.
	Command string   `json:"command,omitempty"`
	Verb    string   `json:"verb,omitempty"`
	DryRun  bool     `json:"dry_run,omitempty"`
	Imports []string `json:"imports,omitempty"`
	// Verified is set if the command has verified devices.
	Verified *EventVerified `json:"verified,omitempty"`
	// State is that of the import or command: running, finished, stopped or cancelled.
	State   string        `json:"state"`
	Cause   string        `json:"cause,omitempty"`
	Vendor  string        `json:"vendor"`
	Bucket  string        `json:"bucket"`
	Key     string        `json:"key"`
	Version string        `json:"version_id,omitempty"`
	Size    int64         `json:"size"`
	Begun   time.Time     `json:"begun"`
	Ended   *time.Time    `json:"ended,omitempty"`
	Counts  ledger.Counts `json:"counts"`
	Pending int           `json:"pending"`
	// Reasons are the most frequent reasons why entries were not imported.
	Reasons []EventReason `json:"reasons,omitempty"`
	// Reports are the s3:// URIs of the reports.
	Reports []string `json:"reports,omitempty"`
}

// EventVerified are the numbers of a verification, with the meaning of those of [Verified].
type EventVerified struct {
	Devices int `json:"devices"`
	Drifted int `json:"drifted"`
	Unread  int `json:"unread"`
}

// An EventReason is a reason why entries were not imported, and their number.
type EventReason struct {
	Outcome ledger.Outcome `json:"outcome"`
	Reason  string         `json:"reason"`
	Count   int            `json:"count"`
}

// NewEvent returns an event about the import of a job.
func NewEvent(kind string, job Job) Event {
	return Event{
		Schema: EventSchema, Kind: kind, Import: job.Import, State: string(ledger.StateRunning), Cause: job.Cause, Vendor: job.Vendor,
		Bucket: job.Upload.Bucket, Key: job.Upload.Key, Version: job.Upload.Version, Size: job.Upload.Size, Begun: job.Created,
	}
}

// A Channel sends notices to those who wait for them.
type Channel interface {
	// Name identifies the channel among those of a [Courier].
	Name() string
	Send(ctx context.Context, n Notice) error
}

// A KeptNotice is a notice that a channel could not send.
type KeptNotice struct {
	Notice
	Channel string    `json:"channel"`
	Cause   string    `json:"cause"`
	At      time.Time `json:"at"`
}

// KeptNotices keeps notices that could not be sent. It is safe for concurrent use, in several
// processes.
type KeptNotices interface {
	// Keep keeps a notice. It replaces an earlier one of the same kind, import or command, and channel.
	Keep(ctx context.Context, n KeptNotice) error
	// Kept yields the notices. An error ends it.
	Kept(ctx context.Context) iter.Seq2[KeptNotice, error]
	// Forget removes a notice, unless a newer one has replaced it.
	Forget(ctx context.Context, n KeptNotice) error
}

// A Courier sends notices through all its channels. A notice that a channel cannot send is kept and sent
// later, so that a broken topic holds nothing up. It is safe for concurrent use.
type Courier struct {
	// Stack is the name of the stack.
	Stack    string
	Channels []Channel
	Outbox   KeptNotices
	Log      *slog.Logger
}

// Notify implements [Notices]. It returns an error only if a notice could neither be sent nor kept. A
// channel may then send it twice.
func (c *Courier) Notify(ctx context.Context, n Notice) error {
	n.Event.Stack = c.Stack
	var wrong []error
	for _, channel := range c.Channels {
		err := channel.Send(ctx, n)
		if err == nil {
			continue
		}
		c.Log.WarnContext(ctx, "a notice could not be sent and will be sent later", "import", n.Event.Import, "kind", n.Kind,
			"channel", channel.Name(), "error", err.Error())
		kept := KeptNotice{Notice: n, Channel: channel.Name(), Cause: err.Error(), At: time.Now().UTC().Truncate(time.Microsecond)}
		if keeping := c.Outbox.Keep(ctx, kept); keeping != nil {
			wrong = append(wrong, fmt.Errorf("notice %q: %w", n.Subject, errors.Join(err, keeping)))
		}
	}
	return errors.Join(wrong...)
}

// SendKept sends what could not be sent before. It stops trying a channel at its first failure.
func (c *Courier) SendKept(ctx context.Context) error {
	broken := map[string]error{}
	for n, err := range c.Outbox.Kept(ctx) {
		if err != nil {
			return fmt.Errorf("kept notices: %w", err)
		}
		if broken[n.Channel] != nil {
			continue
		}
		for _, channel := range c.Channels {
			if channel.Name() == n.Channel {
				broken[n.Channel] = channel.Send(ctx, n.Notice)
			}
		}
		if broken[n.Channel] != nil {
			continue
		}
		if err := c.Outbox.Forget(ctx, n); err != nil {
			return fmt.Errorf("kept notices: %w", err)
		}
	}
	var wrong []error
	for channel, err := range broken {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("kept notices for %s: %w", channel, err))
		}
	}
	return errors.Join(wrong...)
}
