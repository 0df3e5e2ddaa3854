package policy

import (
	"cmp"
	"hash/maphash"
	"iter"
	"slices"
	"time"
)

// A Finding is a mistake in documents, or a device for which they do not work.
type Finding struct {
	Rule     Rule
	Severity Severity
	// Document and Statement are indexes, as in [Match], or -1 if the finding is about none.
	Document, Statement int
	// Position is the place in the document, or the zero value.
	Position Position
	// Text is the action, resource, variable, value or topic that the finding is about.
	Text string
	// Devices is the number of devices for which it was found; 0 for a finding about documents.
	Devices int
	// ClientIDs are the client IDs of the first [MaxClientIDs] of them.
	ClientIDs []string
}

// MaxClientIDs is the maximum number of client IDs in a [Finding]. [Linter.Device] returns the
// findings of each device.
const MaxClientIDs = 10

// A Context is what [Lint] knows beyond the documents. In the zero value nothing else is known, and
// the rules that need it find nothing.
type Context struct {
	// Target is where the devices connect to. Empty fields are not compared.
	Target Target
	// Transport is how the devices connect. If it is empty that is not known.
	Transport Transport
	// Complete is true if no other document is effective. It is taken for true if there are devices
	// or a statement allows iot:Connect. Otherwise the documents may be a part, and rules that
	// something is missing find nothing.
	Complete bool
	// Devices are the connections that the devices will make; may be nil.
	Devices iter.Seq[*Connection]
	// Now is the date for which certificates are looked at. The zero value leaves that out.
	Now time.Time
	// CertificatePolicies is the number of policies of a certificate, GroupPolicies the largest number
	// of a thing group. If they are more than AWS allows that is found.
	CertificatePolicies, GroupPolicies int
	// Versions is the largest number of versions that one of the policies has. Five leave no room for
	// another one.
	Versions int
}

// Lint returns what is wrong with documents, and with the devices of the context that they are
// effective for. The findings are in the order of the documents and their rules.
func Lint(documents []*Document, c Context) []Finding {
	l := NewLinter(documents, c)
	if c.Devices != nil {
		for device := range c.Devices {
			l.Device(device)
		}
	}
	return l.Findings()
}

// A Linter looks at devices one by one. It must not be used concurrently.
type Linter struct {
	policies *Policies
	context  Context
	found    []Finding
	devices  map[deviceKey]int // index in found
	names    map[uint64]uint64 // hash of a common name to that of the client ID of its first device
	seed     maphash.Seed
	wanted   []*variableUse
	complete bool
}

// deviceKey is what the findings of several devices have in common.
type deviceKey struct {
	rule                Rule
	document, statement int
	text                string
	severity            Severity
}

// variableUse is the first use of a variable.
type variableUse struct {
	*variable
	statement  *statement
	position   Position
	inResource bool
}

// NewLinter looks at the documents. It does not read the devices of the context.
func NewLinter(documents []*Document, c Context) *Linter {
	l := &Linter{
		policies: Compile(documents...), context: c,
		devices: map[deviceKey]int{}, names: map[uint64]uint64{}, seed: maphash.MakeSeed(),
	}
	allowsConnect := slices.ContainsFunc(l.policies.statements, func(s statement) bool {
		return s.effect == Allow && s.applies("iot:Connect")
	})
	l.complete = c.Complete || c.Devices != nil || allowsConnect
	l.collectVariables()
	for i := range l.policies.statements {
		l.lintStatement(&l.policies.statements[i])
	}
	l.lintQuotas(documents)
	if l.complete && !allowsConnect && c.Devices == nil {
		l.add(nil, RuleNoConnect, Position{}, "")
	}
	return l
}

// Findings returns what has been found so far.
func (l *Linter) Findings() []Finding {
	found := slices.Clone(l.found)
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Statement, b.Statement), cmp.Compare(number(a.Rule), number(b.Rule)))
	})
	return found
}

func number(r Rule) int { return slices.Index(Rules(), r) }

// add adds a finding about documents, once for each rule, statement and text.
func (l *Linter) add(s *statement, rule Rule, at Position, text string) {
	l.addSevere(s, rule, severities[rule], at, text)
}

func (l *Linter) addSevere(s *statement, rule Rule, severity Severity, at Position, text string) {
	f := newFinding(s, rule, severity, at, text)
	same := func(o Finding) bool {
		return o.Rule == rule && o.Document == f.Document && o.Statement == f.Statement && o.Text == text
	}
	if !slices.ContainsFunc(l.found, same) {
		l.found = append(l.found, f)
	}
}

func newFinding(s *statement, rule Rule, severity Severity, at Position, text string) Finding {
	f := Finding{Rule: rule, Severity: severity, Document: -1, Statement: -1, Position: at, Text: text}
	if s != nil {
		f.Document, f.Statement = s.document, s.index
	}
	return f
}

// collectVariables notes the first use of each variable.
func (l *Linter) collectVariables() {
	note := func(v *variable, s *statement, at Position, inResource bool) {
		for _, use := range l.wanted {
			if use.name == v.name {
				use.inResource = use.inResource || inResource
				return
			}
		}
		l.wanted = append(l.wanted, &variableUse{v, s, at, inResource})
	}
	for i := range l.policies.statements {
		s := &l.policies.statements[i]
		for j := range s.resources {
			for _, v := range s.resources[j].variables {
				note(v, s, s.from.Resources[j].Position, true)
			}
		}
		for j, c := range s.conditions {
			for _, value := range c.values {
				for _, v := range value.pattern.variables {
					note(v, s, s.from.Conditions[j].Position, false)
				}
			}
		}
	}
}
