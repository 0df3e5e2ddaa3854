package imports

import (
	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

// A planLine is a plan as JSON. docs/json.md documents it.
type planLine struct {
	Type      string            `json:"type"`
	Target    ledger.Target     `json:"target"`
	Alias     string            `json:"alias,omitempty"`
	Offline   bool              `json:"offline,omitempty"`
	Manifests []ledger.Manifest `json:"manifests"`

	Entries       int                     `json:"entries"`
	Devices       int                     `json:"devices"`
	Rejected      int                     `json:"rejected"`
	Skipped       int                     `json:"skipped"`
	Repeated      int                     `json:"repeated"`
	Filtered      int                     `json:"filtered"`
	Contradictory int                     `json:"contradictory"`
	Rejections    []report.Rejection      `json:"rejections,omitempty"`
	Warnings      map[manifest.Reason]int `json:"warnings,omitempty"`
	UnmatchedOnly []string                `json:"unmatched_only,omitempty"`
	UnmatchedSkip []string                `json:"unmatched_skip,omitempty"`

	Attachments  planAttachments `json:"attachments"`
	Distribution []Share         `json:"distribution,omitempty"`
	Policies     *policiesLine   `json:"policies,omitempty"`
	Compared     *planCompared   `json:"compared,omitempty"`

	Calls      map[iot.Operation]float64 `json:"calls"`
	CallsTotal float64                   `json:"calls_total"`
	QuotasFrom string                    `json:"quotas_from"`
	planForecast
	Doubled  *planForecast `json:"doubled,omitempty"`
	Examples []planExample `json:"examples,omitempty"`
}

type planAttachments struct {
	OK               bool          `json:"ok"`
	Connectable      bool          `json:"connectable"`
	PoliciesOnGroups []string      `json:"policies_on_groups,omitempty"`
	Findings         []planFinding `json:"findings,omitempty"`

	unconnectable int
}

type planFinding struct {
	Kind    string `json:"kind"`
	Name    string `json:"name,omitempty"`
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitempty"`
}

type planCompared struct {
	New       int              `json:"new"`
	Unchanged int              `json:"unchanged"`
	Completed int              `json:"completed"`
	Conflicts int              `json:"conflicts"`
	Failures  []report.Failure `json:"failures,omitempty"`
	Paged     bool             `json:"paged"`
	Seconds   float64          `json:"seconds"`
	Calls     map[string]int   `json:"calls"`
}

// A planForecast is the duration of an import. It is empty if no quota limits it.
type planForecast struct {
	Seconds *float64      `json:"seconds"`
	Ceiling *float64      `json:"ceiling"`
	Binding iot.Operation `json:"binding_quota"`
}

type planExample struct {
	Entry         int           `json:"entry"`
	Manifest      string        `json:"manifest"`
	ThingName     string        `json:"thing_name"`
	CertificateID string        `json:"certificate_id"`
	State         string        `json:"state"`
	Reason        string        `json:"reason,omitempty"`
	Detail        string        `json:"detail,omitempty"`
	Calls         []device.Step `json:"calls"`
}

// planOf returns a plan with the numbers of the manifests.
func planOf(s *engine.ScanResult, c *target.Connection, quotasFrom string) planLine {
	return planLine{
		Type: "plan", Target: c.Target, Alias: c.Alias, Manifests: s.Manifests,
		Entries: s.Entries, Devices: s.Devices, Rejected: s.Rejected, Skipped: s.Skipped, Repeated: s.Repeated, Filtered: s.Filtered,
		Contradictory: s.Reasons[manifest.ReasonContradiction], Rejections: manifests.Rejections(s, advice.CLI), Warnings: s.Warnings,
		UnmatchedOnly: s.UnmatchedOnly, UnmatchedSkip: s.UnmatchedSkip, QuotasFrom: quotasFrom, Distribution: DistributionOf(s.Portions()),
	}
}

// attachmentsOf returns the result of checking attachments. Wrong is nil if all of them exist.
func attachmentsOf(check *attachmentCheck, wrong *device.AttachmentError, c *target.Connection, s *engine.ScanResult) planAttachments {
	if wrong == nil {
		a := planAttachments{OK: true, PoliciesOnGroups: check.onGroups, unconnectable: check.unconnectable(s.Portions())}
		a.Connectable = a.unconnectable == 0
		return a
	}
	var a planAttachments
	for _, f := range wrong.Findings {
		a.Findings = append(a.Findings, planFinding{f.Kind, f.Name, f.Problem, findingHint(c, f)})
	}
	return a
}

func comparedOf(c *engine.Comparison, s *engine.ScanResult) *planCompared {
	return &planCompared{
		New: c.New, Unchanged: c.Unchanged, Completed: c.Completed, Conflicts: c.Conflicts,
		Failures: report.FailuresOf(c.Failures, s.Manifests), Paged: c.Paged, Seconds: report.Rounded(c.Took.Seconds()), Calls: c.Made,
	}
}

// forecast sets the calls and how long they take.
func (p *planLine) forecast(quotas quota.Set, calls quota.Calls, devices int) {
	p.Calls, p.CallsTotal = calls, calls.Total()
	now, doubled := engine.Predict(quotas, calls, devices)
	p.planForecast = forecastOf(now)
	if now.Binding != "" {
		twice := forecastOf(doubled)
		p.Doubled = &twice
	}
}

func forecastOf(f engine.Forecast) planForecast {
	if f.Binding == "" {
		return planForecast{}
	}
	seconds, ceiling := report.Rounded(f.Took.Seconds()), report.Rounded(f.Ceiling)
	return planForecast{Seconds: &seconds, Ceiling: &ceiling, Binding: f.Binding}
}

func examplesOf(devices []engine.PlannedDevice, manifests []ledger.Manifest) []planExample {
	var examples []planExample
	for _, d := range devices {
		examples = append(examples, planExample{
			Entry: d.Entry, Manifest: manifests[d.Place.Manifest].Name, ThingName: d.ThingName, CertificateID: d.CertificateID,
			State: d.State, Reason: d.Reason, Detail: d.Detail, Calls: d.Steps,
		})
	}
	return examples
}
