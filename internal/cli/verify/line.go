package verify

import (
	"errors"
	"maps"
	"time"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/stack"
)

// detailOf returns a sentence about a connection for a report.
func detailOf(c stack.ConnectionLine) string {
	switch {
	case c.At == nil:
		return ""
	case c.State == "connected":
		return "connected at " + c.At.Format(time.RFC3339)
	}
	return "disconnected at " + c.At.Format(time.RFC3339)
}

// A verificationLine is the result as JSON.
type verificationLine struct {
	Type      string            `json:"type"`           // "verification"
	Name      string            `json:"name,omitempty"` // that of the target, if there are several
	Import    string            `json:"import,omitempty"`
	Target    ledger.Target     `json:"target"`
	Alias     string            `json:"alias,omitempty"`
	Manifests []ledger.Manifest `json:"manifests"`
	Devices   int               `json:"devices"`
	Drifted   int               `json:"drifted"`
	Unread    int               `json:"unread"`
	Pending   int               `json:"pending"`
	Rejected  int               `json:"rejected"`
	Findings  []findingLine     `json:"findings,omitempty"`

	Sample        int      `json:"sample"`
	SampleDrifted int      `json:"sample_drifted"`
	AtMost        *float64 `json:"at_most,omitempty"`
	Confidence    *float64 `json:"confidence,omitempty"`
	Whole         []string `json:"compared_of_all"`
	SampleOnly    []string `json:"compared_of_sample,omitempty"`
	OneSided      bool     `json:"one_sided,omitempty"`
	Uncheckable   []string `json:"attributes_not_compared,omitempty"`

	Fixed       *fixedLine       `json:"fixed,omitempty"`
	Connections *connectionsLine `json:"connections,omitempty"`
	Calls       map[string]int   `json:"calls"`
	Seconds     float64          `json:"seconds"`

	State         ledger.State `json:"state"`
	Error         string       `json:"error,omitempty"`
	Hint          string       `json:"hint,omitempty"`
	UnmatchedOnly []string     `json:"unmatched_only,omitempty"`
	UnmatchedSkip []string     `json:"unmatched_skip,omitempty"`

	ended  error
	resume string // the command line that resumes the import
	where  string // the account and region
}

// A findingLine is one kind of drift, or a reason for which devices could not be read.
type findingLine struct {
	Reason   string           `json:"reason"`
	Count    int              `json:"count"`
	Todo     string           `json:"todo,omitempty"`
	Examples []report.Example `json:"examples"`
}

// A fixedLine is what --fix did.
type fixedLine struct {
	Command string         `json:"command,omitempty"`
	Changed int            `json:"changed"`
	Mended  int            `json:"mended"`
	Left    int            `json:"left"`
	Reasons []findingLine  `json:"reasons,omitempty"`
	Calls   map[string]int `json:"calls"`
}

// A connectionsLine counts devices by what the fleet index knows of them.
type connectionsLine struct {
	Seen      int `json:"seen"`
	Connected int `json:"connected"`
	Never     int `json:"never_connected"`
	Unknown   int `json:"unknown"`
	Unread    int `json:"unread"`

	absent []string
}

func connectionsOf(c engine.Connections, absent []string) *connectionsLine {
	return &connectionsLine{Seen: c.Seen, Connected: c.Connected, Never: c.Never, Unknown: c.Unknown, Unread: c.Unread, absent: absent}
}

// findingOf returns a reason with its advice.
func (f *fleet) findingOf(r ledger.Reason) findingLine {
	return findingLine{
		Reason: r.Reason, Count: r.Count, Todo: f.advised.For(r.Reason).Todo, Examples: report.ExamplesOf(r, f.manifests),
	}
}

// partNames are the parts of a device's state in the order in which they are named.
var partNames = []struct {
	part device.Parts
	name string
}{
	{device.PartCertificate, "certificates"},
	{device.PartThing, "things"},
	{device.PartPolicies, "policies"},
	{device.PartGroups, "thing groups"},
	{device.PartPrincipals | device.PartThings, "attachments of certificates to things"},
}

// lineOf returns the result of a comparison.
func (f *fleet) lineOf(v engine.Verification) verificationLine {
	line := verificationLine{
		Type: "verification", Import: f.importID, Manifests: f.manifests, resume: f.resume,
		Devices: v.Devices, Drifted: v.Drifted, Unread: v.Unread, Pending: v.Pending, Rejected: f.rejected,
		Sample: v.Sample, SampleDrifted: v.SampleDrifted, OneSided: v.OneSided, Uncheckable: f.Uncheckable,
		Calls: maps.Clone(v.Made), Seconds: v.Took.Seconds(), Whole: []string{},
	}
	if f.connection != nil {
		line.Target, line.Alias, line.where = f.connection.Target, f.connection.Alias, f.connection.String()
	}
	for _, r := range v.Findings {
		line.Findings = append(line.Findings, f.findingOf(r))
	}
	for _, p := range partNames {
		if v.Whole&p.part != 0 {
			line.Whole = append(line.Whole, p.name)
		} else {
			line.SampleOnly = append(line.SampleOnly, p.name)
		}
	}
	if v.Sample < v.Devices {
		atMost, confidence := engine.UpperBound(v.Sample, v.SampleDrifted), 0.95
		line.AtMost, line.Confidence = &atMost, &confidence
	}
	return line
}

// end records how the command ended.
func (l *verificationLine) end(ended error) {
	l.State, l.ended = ledger.StateFinished, ended
	if ended == nil {
		return
	}
	l.State, l.Error, l.Hint = ledger.StateStopped, ended.Error(), imports.StopHint(ended)
	var refused *exit.Error
	switch {
	case errors.Is(ended, engine.ErrInterrupted):
		l.State = ledger.StateInterrupted
	case errors.As(ended, &refused):
		l.Hint = refused.Hint
	}
}

// exitOf returns the error that the command ends with. Missing reports whether --only lists something
// that is not there.
func exitOf(l verificationLine, missing bool) error {
	drifted := l.Drifted > 0
	if l.Fixed != nil {
		drifted = l.Fixed.Left > 0 || l.Fixed.Mended < l.Drifted
	}
	switch {
	case l.State == ledger.StateInterrupted:
		return exit.Silently(exit.Interrupted)
	case l.State == ledger.StateStopped:
		return exit.Silently(exit.Failure)
	case drifted, l.Unread > 0, l.Pending > 0, l.Rejected > 0, missing, l.Connections != nil && l.Connections.Unread > 0:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}
