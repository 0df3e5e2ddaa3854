package verdict

import (
	"cmp"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// Settings are what devices are judged by.
type Settings struct {
	// Documents are the effective policies of every device: those of the certificate and of the
	// groups of its thing.
	Documents []*policy.Document
	// CertificatePolicies is the number of policies of the certificate, GroupPolicies the largest
	// number of a group.
	CertificatePolicies, GroupPolicies int
	// Target is where the devices will connect to.
	Target policy.Target
	// ClientID is the client ID of the firmware; nil for the name of the thing.
	ClientID *manifest.Template
	// Example is true if a device stands for others of which nothing is known but the documents: they may have
	// other policies too, and use HTTP.
	Example bool
	// Exclusive is true if certificates are attached exclusively.
	Exclusive bool
	// Will is the topic of the will, with places as in [ParseRequest], or empty. Persistent is
	// true if the firmware asks for a persistent session.
	Will       string
	Persistent bool
	// Requests are decided for each device.
	Requests []Request
	// Examples is the maximum number of devices that are kept of each refusal; 0 for all.
	Examples int
	// Now is the time for which the validity of certificates is looked at. The zero value leaves that
	// out, and with it most of the work for policies that ask nothing of certificates.
	Now time.Time
}

// A Verdict is what policies let devices do.
type Verdict struct {
	Devices int
	// Rows are the requests of the settings.
	Rows []Row
	// Findings are the mistakes in the documents, and those that concern devices.
	Findings []policy.Finding
	// Blocked counts the devices with a finding of one of the rules of [Blocks], of which Concerned
	// are the first.
	Blocked   int
	Concerned []Example
}

// A Row is the decision on one request for all devices.
type Row struct {
	Request
	Allowed int
	// Refusals are grouped by cause, the most frequent first.
	Refusals []Refusal
	// Open are the questions that AWS leaves open and on which the decisions depend.
	Open []policy.Question
}

// Refused returns the number of devices that are refused.
func (r *Row) Refused() (n int) {
	for _, refusal := range r.Refusals {
		n += refusal.Devices
	}
	return n
}

// A Cause is why a request is refused.
type Cause struct {
	Outcome policy.Outcome
	// Document and Statement are indexes of the statement that denies, or -1.
	Document, Statement int
	// Variable is the first variable that is not substituted, and Reason why; both empty if all are.
	Variable string
	Reason   policy.Reason
	// NoTopic is true if the device has no value for a field of the topic.
	NoTopic bool
}

// A Refusal is a cause with the devices that it concerns.
type Refusal struct {
	Cause
	Devices  int
	Examples []Example
}

// An Example is a device.
type Example struct {
	Manifest string
	Entry    int
	Thing    string
	ClientID string
}

// Blocks are the rules of which each means that a device cannot work as the policies are
// written.
func Blocks() []policy.Rule {
	return []policy.Rule{policy.RuleNoConnect, policy.RuleNoThing, policy.RuleCertificateVariable, policy.RuleAttribute}
}

// A Judge judges devices one by one, in memory that does not depend on their number. It must
// not be used concurrently.
type Judge struct {
	settings Settings
	policies *policy.Policies
	linter   *policy.Linter
	will     topic
	// certificates reads certificates; nil if the verdict does not depend on them.
	certificates *policy.CertificateReader
	verdict      Verdict
	asked        []map[policy.Question]bool // by row
	// connected is the connection of the last device, whose memory the next one takes over.
	connected policy.Connection
}

// NewJudge returns a judge that has seen no device. The error is about the template of the will.
func NewJudge(s Settings) (*Judge, error) {
	j := &Judge{settings: s, policies: policy.Compile(s.Documents...)}
	if reader := policy.NewCertificateReader(s.Documents); reader.Asks() || !s.Now.IsZero() {
		j.certificates = reader
	}
	if s.Will != "" {
		will, err := parseTopic(s.Will)
		if err != nil {
			return nil, err
		}
		j.will = will
	}
	context := policy.Context{
		Target: s.Target, Transport: policy.MQTT, Complete: true, Now: s.Now,
		CertificatePolicies: s.CertificatePolicies, GroupPolicies: s.GroupPolicies,
	}
	if s.Example {
		context.Transport, context.Complete = "", false
	}
	j.linter = policy.NewLinter(s.Documents, context)
	for _, r := range s.Requests {
		j.verdict.Rows = append(j.verdict.Rows, Row{Request: r})
		j.asked = append(j.asked, map[policy.Question]bool{})
	}
	return j, nil
}

// Device judges a device that is to become a thing. The error is about the template of the
// client ID or of the will.
func (j *Judge) Device(d *manifest.Device, thing iot.Thing) error {
	c, err := j.connection(d, thing)
	if err != nil {
		return err
	}
	j.verdict.Devices++
	example := Example{d.Manifest, d.Entry, thing.Name, c.ClientID}
	found := j.linter.Device(c)
	connects := !slices.ContainsFunc(found, func(f policy.Finding) bool {
		return f.Rule == policy.RuleNoConnect || f.Rule == policy.RuleConnectFeature
	})
	for i := range j.verdict.Rows {
		if row := &j.verdict.Rows[i]; connects && row.Allowed > 0 && row.action == connect.action && !row.Other {
			row.Allowed++ // the linter has decided the same request
			continue
		}
		j.ask(i, d, c, example)
	}
	for _, f := range found {
		if slices.Contains(Blocks(), f.Rule) {
			j.verdict.Blocked++
			if j.settings.Examples == 0 || len(j.verdict.Concerned) < j.settings.Examples {
				j.verdict.Concerned = append(j.verdict.Concerned, example)
			}
			break
		}
	}
	return nil
}

// connection returns the connection that a device will make. It is valid until the next call.
func (j *Judge) connection(d *manifest.Device, thing iot.Thing) (*policy.Connection, error) {
	c := &j.connected
	c.Target, c.ClientID, c.Persistent = j.settings.Target, thing.Name, j.settings.Persistent
	c.Things = append(c.Things[:0], policy.Thing{
		Name: thing.Name, Type: thing.Type, Attributes: thing.Attributes, Exclusive: j.settings.Exclusive,
	})
	if j.certificates != nil {
		c.Certificate = j.certificates.Read(d.CertificateID, d.Certificate)
	}
	if j.settings.ClientID != nil {
		id, err := j.settings.ClientID.Expand(d)
		if err != nil {
			return nil, err
		}
		c.ClientID = id
	}
	if j.will != nil {
		will, err := j.will.expand(d, c, "")
		if err != nil {
			return nil, err
		}
		c.Will = will
	}
	return c, nil
}

// another is the name of a thing that no device has.
const another = "another-device"

// ask decides a request for a device.
func (j *Judge) ask(i int, d *manifest.Device, c *policy.Connection, example Example) {
	row, other := &j.verdict.Rows[i], ""
	if row.Other {
		other = another
	}
	r := policy.Connect()
	switch {
	case row.action != connect.action:
		name, err := row.topic.expand(d, c, other)
		if err != nil {
			row.refuse(Cause{Outcome: policy.ImplicitDeny, Document: -1, Statement: -1, NoTopic: true}, example, j.settings.Examples)
			return
		}
		r = policy.Request{Action: row.action, Resource: row.kind + "/" + name}
	case row.Other:
		foreign := *c
		foreign.ClientID, foreign.OtherThing = another, true
		c = &foreign
	}
	outcome := j.policies.Decide(c, r)
	if outcome == policy.Allowed {
		row.Allowed++
		if row.Allowed > 1 {
			return // the questions are those of the documents
		}
	}
	decision := j.policies.Evaluate(c, r)
	for _, q := range decision.Open {
		if !j.asked[i][q] {
			j.asked[i][q] = true
			row.Open = append(row.Open, q)
		}
	}
	if outcome != policy.Allowed {
		row.refuse(causeOf(decision), example, j.settings.Examples)
	}
}

func causeOf(d policy.Decision) Cause {
	cause := Cause{Outcome: d.Outcome, Document: -1, Statement: -1}
	for _, m := range d.Matched {
		if m.Effect == policy.Deny {
			cause.Document, cause.Statement = m.Document, m.Statement
			return cause
		}
	}
	for _, v := range d.Variables {
		if v.Reason != "" {
			cause.Variable, cause.Reason = v.Name, v.Reason
			break
		}
	}
	return cause
}

func (r *Row) refuse(cause Cause, example Example, limit int) {
	i := slices.IndexFunc(r.Refusals, func(has Refusal) bool { return has.Cause == cause })
	if i < 0 {
		i = len(r.Refusals)
		r.Refusals = append(r.Refusals, Refusal{Cause: cause})
	}
	refusal := &r.Refusals[i]
	refusal.Devices++
	if limit == 0 || len(refusal.Examples) < limit {
		refusal.Examples = append(refusal.Examples, example)
	}
}

// Verdict returns the verdict on the devices so far.
func (j *Judge) Verdict() Verdict {
	v := j.verdict
	v.Findings = j.findings()
	for i := range v.Rows {
		slices.SortStableFunc(v.Rows[i].Refusals, func(a, b Refusal) int { return cmp.Compare(b.Devices, a.Devices) })
	}
	return v
}

// findings returns the mistakes, each once: that no policy allows a connection is found in the documents and for
// each device. Documents that name no connection, for an example, are a part of what a device has.
func (j *Judge) findings() []policy.Finding {
	found := j.linter.Findings()
	ofDevices := slices.ContainsFunc(found, func(f policy.Finding) bool { return f.Rule == policy.RuleNoConnect && f.Devices > 0 })
	isPart := j.settings.Example && !slices.ContainsFunc(j.settings.Documents, allowsConnect)
	return slices.DeleteFunc(found, func(f policy.Finding) bool {
		return f.Rule == policy.RuleNoConnect && (isPart || ofDevices && f.Devices == 0)
	})
}

// allowsConnect reports whether a document allows a connection of some kind.
func allowsConnect(d *policy.Document) bool {
	return slices.ContainsFunc(d.Statements, func(s policy.Statement) bool { return s.Effect == policy.Allow && isAbout(&s, connect.action) })
}
