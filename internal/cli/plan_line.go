package cli

import (
	"math"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/report"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// planLine is the line of --output json; docs/json.md explains it.
type planLine struct {
	Type      string            `json:"type"`
	Target    ledger.Target     `json:"target"`
	Alias     string            `json:"alias,omitempty"`
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

	Attachments planAttachments `json:"attachments"`
	Compared    *planCompared   `json:"compared,omitempty"`

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

// planForecast is how fast it goes; nil and "" where no quota limits it.
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

// plan puts together what was found out.
func (run *planRun) plan() planLine {
	s, a := run.scan, run.settings.Attachments
	line := planLine{
		Type: "plan", Target: run.connection.target, Alias: run.connection.alias, Manifests: s.Manifests,
		Entries: s.Entries, Devices: s.Devices, Rejected: s.Rejected, Skipped: s.Skipped, Repeated: s.Repeated, Filtered: s.Filtered,
		Contradictory: s.Reasons[manifest.ReasonContradiction], Rejections: run.rejections(), Warnings: s.Warnings,
		UnmatchedOnly: s.UnmatchedOnly, UnmatchedSkip: s.UnmatchedSkip, QuotasFrom: run.quotasFrom,
	}
	if run.attached != nil {
		line.Attachments = planAttachments{OK: true, Connectable: run.attached.Connectable, PoliciesOnGroups: run.attached.PoliciesOnGroups}
	}
	if run.wrong != nil {
		for _, f := range run.wrong.Findings {
			line.Attachments.Findings = append(line.Attachments.Findings, planFinding{f.Kind, f.Name, f.Problem, advice.Attachment(f, advice.CLI).Todo})
		}
	}
	var examples []engine.PlannedDevice
	if c := run.comparison; c != nil {
		line.Calls, examples = c.Calls, c.Examples
		line.Compared = &planCompared{
			New: c.New, Unchanged: c.Unchanged, Completed: c.Completed, Conflicts: c.Conflicts,
			Failures: report.FailuresOf(c.Failures), Paged: c.Paged, Seconds: math.Round(c.Took.Seconds()*1000) / 1000, Calls: c.Made,
		}
	} else {
		line.Calls = quota.Calls{}
		for op, n := range quota.FreshPath(run.quotas, len(a.Policies), len(a.ThingGroups)) {
			line.Calls[op] = n * float64(s.Devices)
		}
		examples = engine.PlanFresh(s, engine.Config{
			Settings: run.settings, Target: run.connection.target, Limiters: quota.NewLimiters(run.quotas, quota.Options{}),
		})
	}
	line.CallsTotal = quota.Calls(line.Calls).Total()
	now, doubled := engine.Predict(run.quotas, line.Calls, s.Devices)
	line.planForecast = forecastLine(now)
	if now.Binding != "" {
		twice := forecastLine(doubled)
		line.Doubled = &twice
	}
	for _, e := range examples {
		line.Examples = append(line.Examples, planExample{
			Entry: e.Entry, Manifest: s.Manifests[e.Place.Manifest].Name, ThingName: e.ThingName, CertificateID: e.CertificateID,
			State: e.State, Reason: e.Reason, Detail: e.Detail, Calls: e.Steps,
		})
	}
	return line
}

func forecastLine(f engine.Forecast) planForecast {
	if f.Binding == "" {
		return planForecast{}
	}
	seconds, ceiling := math.Round(f.Took.Seconds()*1000)/1000, math.Round(f.Ceiling*1000)/1000
	return planForecast{Seconds: &seconds, Ceiling: &ceiling, Binding: f.Binding}
}
