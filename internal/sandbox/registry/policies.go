package registry

import (
	"cmp"
	"iter"
	"slices"
	"strconv"

	"github.com/google/uuid"
)

// A PolicyRef names a policy.
type PolicyRef struct {
	Name string `json:"policyName"`
	ARN  string `json:"policyArn"`
}

func (p *policy) ref(st *State) PolicyRef { return PolicyRef{p.name, st.arn("policy", p.name)} }

func (c *certificate) attached() *series[*policy] { return &c.policies }

func (g *group) attached() *series[*policy] { return &g.policies }

func (c *certificate) room() int { return maxPoliciesPerCertificate }

func (g *group) room() int { return maxPoliciesPerGroup }

func (c *certificate) place() PolicyPlace { return PolicyPlace{Certificate: c.id.String()} }

func (g *group) place() PolicyPlace { return PolicyPlace{Group: g.name} }

// CreatePolicy are the parameters of [State.CreatePolicy].
type CreatePolicy struct {
	ByName
	Document string `json:"policyDocument"`
	Tags     []Tag  `json:"tags"`
}

// A CreatedPolicy is the answer to [State.CreatePolicy].
type CreatedPolicy struct {
	PolicyRef
	Document string `json:"policyDocument"`
	Version  string `json:"policyVersionId"`
}

// CreatePolicy adds a policy.
func (st *State) CreatePolicy(in *CreatePolicy) (out CreatedPolicy, _ []Change, _ error) {
	if err := checkName(policyKind, in.Name); err != nil {
		return out, nil, err
	}
	ref := PolicyRef{in.Name, st.arn("policy", in.Name)}
	if st.policies.by[in.Name] != nil {
		return out, nil, exists(ref.Name, ref.ARN, "Policy cannot be created - name already exists (name=%s)", ref.Name)
	}
	if err := checkDocument(in.Document); err != nil {
		return out, nil, err
	}
	changes, err := st.withTags([]Change{&PolicyAdded{Name: in.Name, Document: in.Document, Generation: uuid.New()}}, "policy/"+in.Name,
		in.Tags)
	return CreatedPolicy{ref, in.Document, "1"}, changes, err
}

// A PolicyDescription describes a policy.
type PolicyDescription struct {
	PolicyRef
	Document         string `json:"policyDocument"`
	Version          string `json:"defaultVersionId"`
	CreationDate     Epoch  `json:"creationDate"`
	LastModifiedDate Epoch  `json:"lastModifiedDate"`
	GenerationID     string `json:"generationId"`
}

// GetPolicy returns a policy.
func (st *State) GetPolicy(in *ByName) (out PolicyDescription, err error) {
	p, err := st.policy(in.Name)
	if err != nil {
		return out, err
	}
	return PolicyDescription{
		p.ref(st), p.document(), strconv.Itoa(p.standard), Epoch(p.created), Epoch(p.modified), p.generation.String(),
	}, nil
}

// ListPolicies lists all policies.
func (st *State) ListPolicies(in *Ordered) (out Page[PolicyRef], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	return list(&st.policies.order, present, p, func(p *policy) PolicyRef { return p.ref(st) }), nil
}

// DeletePolicy removes a policy that is not attached.
func (st *State) DeletePolicy(in *ByName) ([]Change, error) {
	p, err := st.policy(in.Name)
	if err != nil {
		return nil, err
	}
	if len(p.versions) > 1 {
		return nil, deleteConflict("The policy cannot be deleted as multiple versions of the policy exist (name=%s). "+
			"Use DeletePolicyVersion action to delete all non-default versions of the policy and retry.", p.name)
	}
	if p.targets.len() > 0 {
		return nil, deleteConflict("The policy cannot be deleted as the policy is attached to one or more principals (name=%s)", p.name)
	}
	return []Change{&PolicyRemoved{p.name}}, nil
}

// target returns the certificate or thing group with an ARN.
func (st *State) target(arn string) (target, error) {
	kind, name, ok := st.split(arn)
	switch {
	case ok && kind == "cert":
		if c := st.certificate(name); c != nil {
			return c, nil
		}
	case ok && kind == "thinggroup":
		if g := st.groups.by[name]; g != nil {
			return g, nil
		}
	default:
		return nil, Invalid("Invalid target %q: certificates and thing groups of this account and region can be targets", arn)
	}
	return nil, notFound("The target %s does not exist", arn)
}

// PolicyTarget are the parameters of [State.AttachPolicy] and [State.DetachPolicy].
type PolicyTarget struct {
	ByName
	Target string `json:"target"`
}

// Subject returns the policy and the target.
func (in *PolicyTarget) Subject() string { return in.Name + " " + Shorten(in.Target) }

// policyTarget returns policy and target, and reports whether they are attached.
func (st *State) policyTarget(in *PolicyTarget) (p *policy, to target, there bool, err error) {
	if p, err = st.policy(in.Name); err != nil {
		return nil, nil, false, err
	}
	if to, err = st.target(in.Target); err != nil {
		return nil, nil, false, err
	}
	_, there = to.attached().find(p)
	return p, to, there, nil
}

// AttachPolicy attaches a policy to a certificate or thing group.
func (st *State) AttachPolicy(in *PolicyTarget) ([]Change, error) {
	p, to, there, err := st.policyTarget(in)
	if err != nil {
		return nil, err
	}
	if g, ok := to.(*group); ok && g.dynamic() {
		return nil, Invalid("Policies cannot be attached to the dynamic thing group %s", g.name)
	}
	if there {
		return nil, nil
	}
	if to.attached().len() >= to.room() {
		return nil, limitExceeded("The maximum number of policies (%d) is attached to %s", to.room(), to.arn(st))
	}
	return []Change{&PolicyAttached{p.name, to.place()}}, nil
}

// DetachPolicy detaches a policy from a certificate or thing group.
func (st *State) DetachPolicy(in *PolicyTarget) ([]Change, error) {
	p, from, there, err := st.policyTarget(in)
	if err != nil || !there {
		return nil, err
	}
	return []Change{&PolicyDetached{p.name, from.place()}}, nil
}

// ListAttachedPolicies are the parameters of [State.ListAttachedPolicies].
type ListAttachedPolicies struct {
	ByMarker
	Target    string `json:"-" path:""`
	Recursive string `json:"-" query:"recursive"`
}

// ListAttachedPolicies lists the policies of a certificate or thing group. If recursive, it
// includes those that it inherits from groups.
func (st *State) ListAttachedPolicies(in *ListAttachedPolicies) (out Page[PolicyRef], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	to, err := st.target(in.Target)
	if err != nil {
		return out, err
	}
	v := st.lagging()
	sources := []target{to}
	if in.Recursive == "true" {
		sources = append(sources, inherited(to)...)
	}
	lists := make([]iter.Seq2[uint64, *policy], len(sources))
	seen := map[*policy]bool{}
	for i, from := range sources {
		lists[i] = from.attached().all(v, p)
		for seq, shown := range from.attached().all(v, page{}) {
			if seq > p.after {
				break
			}
			seen[shown] = true // shown on an earlier page
		}
	}
	return collect(merge(lists), p, func(p *policy) (PolicyRef, bool) {
		defer func() { seen[p] = true }()
		return p.ref(st), !seen[p]
	}), nil
}

// inherited returns the groups from which a target inherits policies.
func inherited(to target) (all []target) {
	above := func(g *group) {
		for _, a := range g.ancestors() {
			all = append(all, a)
		}
	}
	switch to := to.(type) {
	case *group:
		above(to)
	case *certificate:
		for _, a := range to.things.now() {
			for _, g := range a.thing.groups.now() {
				all = append(all, g)
				above(g)
			}
		}
	}
	return all
}

// ListTargetsForPolicy are the parameters of [State.ListTargetsForPolicy].
type ListTargetsForPolicy struct {
	ByName
	ByMarker
}

// ListTargetsForPolicy lists the ARNs of the targets of a policy.
func (st *State) ListTargetsForPolicy(in *ListTargetsForPolicy) (out Page[string], err error) {
	page, err := in.page()
	if err != nil {
		return out, err
	}
	p, err := st.policy(in.Name)
	if err != nil {
		return out, err
	}
	return list(&p.targets, st.lagging(), page, func(t target) string { return t.arn(st) }), nil
}

// PolicyAdded is a [Change]. Document is that of the default version. The other members are zero in a new policy, which has version 1.
type PolicyAdded struct {
	Name       string          `json:"name"`
	Document   string          `json:"document"`
	Generation uuid.UUID       `json:"generation"`
	Modified   int64           `json:"modified,omitempty"`
	Versions   []PolicyVersion `json:"versions,omitempty"`
	Default    int             `json:"default,omitempty"`
	Last       int             `json:"last,omitempty"`
}

func (a *PolicyAdded) apply(st *State, at stamp) bool {
	if st.policies.by[a.Name] != nil {
		return false
	}
	p := &policy{
		name: a.Name, generation: a.Generation, seq: at.seq, created: at.at, modified: cmp.Or(a.Modified, at.at),
		versions: slices.Clone(a.Versions), standard: cmp.Or(a.Default, 1), last: cmp.Or(a.Last, 1),
	}
	if len(p.versions) == 0 {
		p.versions = []PolicyVersion{{1, a.Document, at.at}}
	}
	if p.version(p.standard) == nil {
		return false
	}
	st.policies.add(p.name, p.seq, p)
	return true
}

// PolicyRemoved is a [Change].
type PolicyRemoved named

func (a *PolicyRemoved) apply(st *State, at stamp) bool {
	p := st.policies.by[a.Name]
	if p == nil || p.targets.len() > 0 {
		return false
	}
	delete(st.policies.by, p.name)
	delete(st.tags, "policy/"+p.name)
	drop(&st.lag, &st.policies.order, p.seq, at.at)
	return true
}

// find returns the target, or nil if it does not exist.
func (a PolicyPlace) find(st *State) target {
	if g := st.groups.by[a.Group]; a.Certificate == "" && g != nil {
		return g
	}
	if c := st.certificate(a.Certificate); c != nil {
		return c
	}
	return nil
}

// PolicyAttached is a [Change].
type PolicyAttached struct {
	Policy string `json:"policy"`
	PolicyPlace
}

func (a *PolicyAttached) apply(st *State, at stamp) bool {
	p, to := st.policies.by[a.Policy], a.find(st)
	if p == nil || to == nil {
		return false
	}
	if _, there := to.attached().find(p); there {
		return false
	}
	p.targets.add(at.seq, to)
	to.attached().add(at.seq, p)
	return true
}

// PolicyDetached is a [Change].
type PolicyDetached PolicyAttached

func (a *PolicyDetached) apply(st *State, at stamp) bool {
	p, from := st.policies.by[a.Policy], a.find(st)
	if p == nil || from == nil {
		return false
	}
	seq, there := from.attached().find(p)
	if there {
		drop(&st.lag, &p.targets, seq, at.at)
		drop(&st.lag, from.attached(), seq, at.at)
	}
	return there
}
