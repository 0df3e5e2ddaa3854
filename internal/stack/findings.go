package stack

import (
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/manifest"
)

// FindingsKey returns the key of what verify found among the entries from the first one on, in the reports
// bucket. It is JSON Lines of [DriftLine] and [ConnectionLine].
func FindingsKey(vendor, importID, command string, first int) string {
	return fmt.Sprintf("%s/%s/verify-%s/%010d.jsonl", vendor, importID, command, first)
}

// A DriftLine is one difference of a device as JSON, as `thingpress verify` prints it.
type DriftLine struct {
	Type          string                 `json:"type"` // "drift"
	Import        string                 `json:"import,omitempty"`
	Manifest      string                 `json:"manifest"`
	Entry         int                    `json:"entry"`
	Line          int                    `json:"line,omitempty"`
	ID            string                 `json:"id,omitempty"`
	Thing         string                 `json:"thing_name"`
	CertificateID manifest.CertificateID `json:"certificate_id"`
	Reason        manifest.Reason        `json:"reason"`
	Detail        string                 `json:"detail"`
	Todo          string                 `json:"todo,omitempty"`
}

// A ConnectionLine is what the fleet index knows of one device as JSON, as `thingpress verify` prints it.
type ConnectionLine struct {
	Type   string     `json:"type"` // "connection"
	Thing  string     `json:"thing_name"`
	State  string     `json:"state"`
	At     *time.Time `json:"at,omitempty"`
	Reason string     `json:"reason,omitempty"`
}

// NewConnectionLine returns the line of a device.
func NewConnectionLine(c engine.Connected) ConnectionLine {
	line := ConnectionLine{Type: "connection", Thing: c.Thing, State: c.State()}
	if !c.At.IsZero() {
		at := c.At.UTC()
		line.At = &at
	}
	switch {
	case c.Unread != nil:
		line.Reason = string(c.Unread.Reason)
	case !c.Connected && c.Seen:
		line.Reason = c.Reason
	}
	return line
}
