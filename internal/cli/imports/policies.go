package imports

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/policy"
)

// A policyJudge judges whether the policies let each device work, while the manifests are read. It
// is nil if there is nothing to judge by.
type policyJudge struct {
	judge  *verdict.Judge
	broken error // of a template, which only flags of other commands can have
	// unread says why the policies are not judged.
	unread string
}

// policyJudges judge each device by its own policies: those of the import, or those that its entry asks for.
type policyJudges struct {
	ctx        context.Context
	connection *target.Connection
	quotas     target.Quotas
	settings   engine.Settings
	check      *attachmentCheck
	own        *policyJudge            // of devices whose entries ask for nothing
	others     map[string]*policyJudge // by [policySetOf]
	order      []*policyJudge          // others, in the order in which they were met
	// onGroups are the policies of thing groups by name, as far as they could be read. A nil one cannot.
	onGroups map[string]*iot.Policy
	err      error
}

// newPolicyJudges reads the policies that devices get. Attached is nil if they cannot be known.
func newPolicyJudges(ctx context.Context, c *target.Connection, quotas target.Quotas, attached *device.AttachmentReport, s engine.Settings,
	check *attachmentCheck,
) (p *policyJudges, err error) {
	p = &policyJudges{
		ctx: ctx, connection: c, quotas: quotas, settings: s, check: check,
		others: map[string]*policyJudge{}, onGroups: map[string]*iot.Policy{},
	}
	p.own, err = p.newPolicyJudge(attached)
	return p, err
}

// of returns the judge of a device of which that is wanted.
func (p *policyJudges) of(wanted *device.Wanted) *policyJudge {
	if wanted == nil || p.check == nil || p.err != nil {
		return p.own
	}
	key := policySetOf(wanted.Attachments)
	judge, ok := p.others[key]
	if !ok {
		if judge, p.err = p.newPolicyJudge(p.check.reports[key]); judge != nil {
			p.order = append(p.order, judge)
		}
		p.others[key] = judge
	}
	return judge
}

// readGroups reads policies of thing groups, each once.
func (p *policyJudges) readGroups(names []string) (read []iot.Policy, err error) {
	for _, name := range names {
		known, ok := p.onGroups[name]
		if !ok {
			found, err := device.ReadPolicies(p.ctx, p.connection.Client.AWS(), p.quotas.Limiters(), []string{name})
			if err != nil {
				return nil, err
			}
			if len(found) > 0 {
				known = &found[0]
			}
			p.onGroups[name] = known
		}
		if known != nil {
			read = append(read, *known)
		}
	}
	return read, nil
}

// newPolicyJudge returns the judge of devices that get these attachments.
func (p *policyJudges) newPolicyJudge(attached *device.AttachmentReport) (*policyJudge, error) {
	c, s := p.connection, p.settings
	if attached == nil || !attached.Connectable {
		return nil, nil //nolint:nilnil // devices without a policy are warned of elsewhere
	}
	ofGroups, err := p.readGroups(attached.PoliciesOnGroups)
	if err != nil {
		return nil, err
	}
	if attached.GroupsUnread || len(ofGroups) < len(attached.PoliciesOnGroups) {
		return &policyJudge{unread: "the credentials may not read the policies of the thing groups"}, nil
	}
	settings := verdict.Settings{
		Target:              policy.Target{Partition: c.Target.Partition, Region: c.Target.Region, Account: c.Target.Account},
		CertificatePolicies: len(attached.Policies), Exclusive: s.Exclusive, Examples: maxConcerned,
	}
	for _, p := range slices.Concat(attached.Policies, ofGroups) {
		parsed, err := policy.Parse(p.Document)
		if err != nil {
			return &policyJudge{unread: plain.Sprintf("policy %s: %v", p.Name, err)}, nil
		}
		settings.Documents = append(settings.Documents, parsed)
	}
	connect, err := verdict.ParseRequest("connect")
	if err != nil {
		return nil, err
	}
	settings.Requests = []verdict.Request{connect}
	judge, err := verdict.NewJudge(settings)
	return &policyJudge{judge: judge}, err
}

// maxConcerned is the number of devices that are listed because the policies do not let them work.
const maxConcerned = 5

// watch returns a handler of events that judges devices, and calls show for all events.
func (p *policyJudges) watch(show engine.Events) engine.Events {
	return func(event engine.Event) {
		show(event)
		e, ok := event.(engine.Judged)
		if !ok {
			return
		}
		if j := p.of(e.Wanted); j != nil && j.judge != nil && j.broken == nil {
			j.broken = j.judge.Device(e.Device, e.Thing)
		}
	}
}

// A policiesLine is the verdict of the policies on all devices as JSON. A nil one is not a verdict.
type policiesLine struct {
	Devices int `json:"devices"`
	// Connect and Refused count the devices that may connect and those that may not.
	Connect int `json:"connect"`
	Refused int `json:"refused"`
	// Blocked counts the devices that do not work under the policies as they are.
	Blocked  int             `json:"blocked"`
	Findings []policyFinding `json:"findings,omitempty"`
	Concerns []policyDevice  `json:"examples,omitempty"`
	Unread   string          `json:"unread,omitempty"`
}

type policyFinding struct {
	Rule    policy.Rule `json:"rule"`
	Text    string      `json:"text"`
	Devices int         `json:"devices"`
	Meaning string      `json:"meaning"`
	Todo    string      `json:"todo,omitempty"`
}

type policyDevice struct {
	Manifest string `json:"manifest"`
	Entry    int    `json:"entry"`
	Thing    string `json:"thing_name"`
}

// line returns the verdict of all judges.
func (p *policyJudges) line() *policiesLine {
	line := p.own.line()
	for _, judge := range p.order {
		line = line.with(judge.line())
	}
	return line
}

// with returns the sum of two verdicts. Either may be nil.
func (l *policiesLine) with(other *policiesLine) *policiesLine {
	if l == nil || other == nil {
		return cmp.Or(l, other)
	}
	sum := *l
	sum.Devices, sum.Connect, sum.Refused = l.Devices+other.Devices, l.Connect+other.Connect, l.Refused+other.Refused
	sum.Blocked, sum.Unread = l.Blocked+other.Blocked, cmp.Or(l.Unread, other.Unread)
	sum.Findings = slices.Clone(l.Findings)
	for _, f := range other.Findings {
		same := func(has policyFinding) bool { return has.Rule == f.Rule && has.Text == f.Text }
		if i := slices.IndexFunc(sum.Findings, same); i >= 0 {
			sum.Findings[i].Devices += f.Devices
		} else {
			sum.Findings = append(sum.Findings, f)
		}
	}
	sum.Concerns = slices.Concat(l.Concerns, other.Concerns)
	sum.Concerns = sum.Concerns[:min(len(sum.Concerns), maxConcerned)]
	return &sum
}

// line returns the verdict.
func (p *policyJudge) line() *policiesLine {
	switch {
	case p == nil:
		return nil
	case p.unread != "":
		return &policiesLine{Unread: p.unread}
	case p.broken != nil:
		return &policiesLine{Unread: p.broken.Error()}
	}
	v := p.judge.Verdict()
	line := &policiesLine{Devices: v.Devices, Connect: v.Rows[0].Allowed, Refused: v.Rows[0].Refused(), Blocked: v.Blocked}
	for _, f := range v.Findings {
		if f.Devices > 0 && slices.Contains(verdict.Blocks(), f.Rule) {
			words := advice.ForRule(f.Rule, f.Text)
			line.Findings = append(line.Findings, policyFinding{f.Rule, f.Text, f.Devices, words.Meaning, words.Todo})
		}
	}
	for _, e := range v.Concerned {
		line.Concerns = append(line.Concerns, policyDevice{e.Manifest, e.Entry, e.Thing})
	}
	return line
}

// text returns the verdict for people: a line, and for devices that do not work why and which.
func (l *policiesLine) text() []string {
	switch {
	case l == nil:
		return nil
	case l.Unread != "" && l.Devices == 0:
		return []string{"policies: not judged: " + l.Unread}
	case l.Unread != "":
		judged := *l
		judged.Unread = ""
		return append(judged.text(), "policies: not judged for the other devices: "+l.Unread)
	}
	lines := []string{fmt.Sprintf("policies: %s: connect %s, refused %s",
		progress.Plural(l.Devices, "device", "devices"), count(l.Connect), count(l.Refused))}
	for _, f := range l.Findings {
		lines = append(lines, plain.Sprintf("  warning: %s, %s %s: %s; %s", progress.Plural(f.Devices, "device", "devices"), f.Rule, f.Text,
			f.Meaning, f.Todo))
	}
	for _, e := range l.Concerns {
		lines = append(lines, plain.Sprintf("    thing %s, entry %d of %s", e.Thing, e.Entry, e.Manifest))
	}
	if more := l.Blocked - len(l.Concerns); more > 0 {
		lines = append(lines, fmt.Sprintf("    and %s more; thingpress policy check --limit 0 lists all", count(more)))
	}
	return lines
}

// stop returns an error if the policies let no device work.
func (l *policiesLine) stop(ignore bool) error {
	if ignore || l == nil || l.Devices == 0 || l.Unread != "" || l.Blocked < l.Devices {
		return nil
	}
	var rules []string
	for _, f := range l.Findings {
		rules = append(rules, string(f.Rule))
	}
	return exit.WithHint(
		fmt.Errorf("no device would work under the policies as they are (%s)", strings.Join(slices.Compact(rules), ", ")),
		"correct the policies, with the help of thingpress policy check, or add --ignore-policy")
}
