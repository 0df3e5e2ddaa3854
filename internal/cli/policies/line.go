package policies

import (
	"slices"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/policy"
)

// A checkLine is the result of a check as JSON.
type checkLine struct {
	Type     string         `json:"type"`
	Devices  int            `json:"devices"`
	Rejected int            `json:"rejected"`
	Region   string         `json:"region"`
	Account  string         `json:"account"`
	ClientID string         `json:"client_id"`
	Example  bool           `json:"example,omitempty"`
	Policies []policyLine   `json:"policies"`
	Requests []requestLine  `json:"requests"`
	Findings []findingLine  `json:"findings"`
	Open     []questionLine `json:"open,omitempty"`
	Witness  *witnessLine   `json:"witness,omitempty"`
}

// A witnessLine is what AWS decided for a device.
type witnessLine struct {
	Thing    string          `json:"thing_name"`
	Requests int             `json:"requests"`
	Differ   []*decisionLine `json:"differ"`
}

type policyLine struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	OfGroup bool   `json:"of_group,omitempty"`
	Size    int    `json:"size"`
}

type requestLine struct {
	Request  string        `json:"request"`
	Other    bool          `json:"other,omitempty"`
	Wanted   bool          `json:"wanted,omitempty"`
	Allowed  int           `json:"allowed"`
	Refused  int           `json:"refused"`
	Refusals []refusalLine `json:"refusals,omitempty"`
}

type refusalLine struct {
	placeLine
	Decision policy.Outcome `json:"decision"`
	Variable string         `json:"variable,omitempty"`
	Reason   policy.Reason  `json:"reason,omitempty"`
	Cause    string         `json:"cause"`
	Devices  int            `json:"devices"`
	Examples []exampleLine  `json:"examples"`
}

type exampleLine struct {
	Manifest string `json:"manifest"`
	Entry    int    `json:"entry"`
	Thing    string `json:"thing_name"`
	ClientID string `json:"client_id"`
}

// A placeLine is a place in a document.
type placeLine struct {
	Policy string `json:"policy,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

type findingLine struct {
	placeLine
	Severity  policy.Severity `json:"severity"`
	Rule      string          `json:"rule"`
	Text      string          `json:"text,omitempty"`
	Meaning   string          `json:"meaning"`
	Todo      string          `json:"todo,omitempty"`
	Devices   int             `json:"devices,omitempty"`
	ClientIDs []string        `json:"client_ids,omitempty"`
}

type questionLine struct {
	Question policy.Question `json:"question"`
	Meaning  string          `json:"meaning"`
}

func lineOf(v verdict.Verdict, s verdict.Settings, documents []document) *checkLine {
	line := &checkLine{
		Type: "check", Devices: v.Devices, Region: s.Target.Region, Account: s.Target.Account,
		Policies: []policyLine{}, Requests: []requestLine{}, Findings: []findingLine{}, // lists in JSON, even if they are empty
	}
	for _, d := range documents {
		line.Policies = append(line.Policies, policyLine{d.Name, d.Version, d.OfGroup, d.Size})
		for _, w := range d.Warnings {
			line.Findings = append(line.Findings, findingLine{
				placeLine: placeLine{d.Name, w.Line, w.Column}, Severity: policy.Warning, Rule: string(w.Code), Text: w.Text,
				Meaning: advice.ForProblem(w.Code),
			})
		}
	}
	asked := map[policy.Question]bool{}
	for i := range v.Rows {
		row := &v.Rows[i]
		r := requestLine{Request: row.Text, Other: row.Other, Wanted: row.Wanted, Allowed: row.Allowed, Refused: row.Refused()}
		for _, refusal := range row.Refusals {
			r.Refusals = append(r.Refusals, refusalOf(refusal, documents))
		}
		line.Requests = append(line.Requests, r)
		for _, q := range row.Open {
			if !asked[q] {
				asked[q] = true
				line.Open = append(line.Open, questionLine{q, advice.ForQuestion(q).Meaning})
			}
		}
	}
	for _, f := range v.Findings {
		words := advice.ForRule(f.Rule, f.Text)
		line.Findings = append(line.Findings, findingLine{
			placeLine: placeOf(documents, f.Document, f.Position), Severity: f.Severity, Rule: string(f.Rule), Text: f.Text,
			Meaning: words.Meaning, Todo: words.Todo, Devices: f.Devices, ClientIDs: f.ClientIDs,
		})
	}
	slices.SortStableFunc(line.Findings, func(a, b findingLine) int {
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
	return line
}

// severities are in the order in which findings are shown.
var severities = []policy.Severity{
	policy.Critical, policy.High, policy.Error, policy.Medium, policy.Low, policy.Warning, policy.Info,
}

func placeOf(documents []document, index int, at policy.Position) placeLine {
	if index < 0 {
		return placeLine{}
	}
	return placeLine{documents[index].Name, at.Line, at.Column}
}

func refusalOf(r verdict.Refusal, documents []document) refusalLine {
	line := refusalLine{Decision: r.Outcome, Variable: r.Variable, Reason: r.Reason, Devices: r.Devices}
	switch {
	case r.NoTopic:
		line.Cause = "the device has no value for a field of the topic"
	case r.Document >= 0:
		line.placeLine = placeOf(documents, r.Document, documents[r.Document].Statements[r.Statement].Position)
		line.Cause = "a statement denies it"
	case r.Variable != "":
		line.Cause = "${" + r.Variable + "} is not substituted: " + advice.ForReason(r.Reason).Meaning
	default:
		line.Cause = "no statement allows it"
	}
	for _, e := range r.Examples {
		line.Examples = append(line.Examples, exampleLine{e.Manifest, e.Entry, e.Thing, e.ClientID})
	}
	return line
}

// refusedWanted reports whether a device is refused what was asked for.
func (l *checkLine) refusedWanted() bool {
	for _, r := range l.Requests {
		if r.Wanted && r.Refused > 0 {
			return true
		}
	}
	return false
}
