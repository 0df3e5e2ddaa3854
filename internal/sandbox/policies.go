package sandbox

import (
	"iter"

	"github.com/google/uuid"
)

type policyRef struct {
	Name string `json:"policyName"`
	ARN  string `json:"policyArn"`
}

func (p *policy) ref(r *registry) policyRef { return policyRef{p.name, r.arn("policy", p.name)} }

func (s *Server) policy(name string) (*policy, error) {
	if err := checkName("policyName", name, policyNamePattern); err != nil {
		return nil, err
	}
	if p := s.registry.policies[name]; p != nil {
		return p, nil
	}
	return nil, notFound("Policy not found: %s", name)
}

func createPolicy(s *Server, c *call) (any, error) {
	c.key = c.param
	var in struct {
		Document string `json:"policyDocument"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkName("policyName", c.key, policyNamePattern); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.registry.policies[c.key]; old != nil {
		return nil, exists(old.name, old.ref(s.registry).ARN, "Policy cannot be created - name already exists (name=%s)", old.name)
	}
	if err := checkDocument(in.Document); err != nil {
		return nil, err
	}
	if err := s.commit(c, record{kind: kindPolicy, fields: []string{c.key, in.Document, uuid.NewString()}}); err != nil {
		return nil, err
	}
	return struct {
		policyRef
		Document string `json:"policyDocument"`
		Version  string `json:"policyVersionId"`
	}{s.registry.policies[c.key].ref(s.registry), in.Document, "1"}, nil
}

func getPolicy(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.policy(c.key)
	if err != nil {
		return nil, err
	}
	return struct {
		policyRef
		Document         string `json:"policyDocument"`
		Version          string `json:"defaultVersionId"`
		CreationDate     epoch  `json:"creationDate"`
		LastModifiedDate epoch  `json:"lastModifiedDate"`
		GenerationID     string `json:"generationId"`
	}{p.ref(s.registry), p.document, "1", epoch(p.created), epoch(p.created), p.generation.String()}, nil
}

func listPolicies(s *Server, c *call) (any, error) {
	p, err := c.markers()
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	items, next := list(&s.registry.policyList, present, p, func(p *policy) policyRef { return p.ref(s.registry) })
	return policyPage{items, next}, nil
}

type policyPage struct {
	Policies   []policyRef `json:"policies"`
	NextMarker string      `json:"nextMarker,omitempty"`
}

func deletePolicy(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.policy(c.key)
	switch {
	case err != nil:
		return nil, err
	case p.targets.len() > 0:
		return nil, deleteConflict("The policy cannot be deleted as the policy is attached to one or more principals (name=%s)", p.name)
	}
	return nil, s.commit(c, record{kind: kindPolicyGone, fields: []string{p.name}})
}

// target finds the certificate or thing group of an ARN.
func (s *Server) target(arn string) (target, error) {
	kind, name, ok := s.registry.split(arn)
	if !ok || kind != "cert" && kind != "thinggroup" {
		return nil, invalid("Invalid target %q: certificates and thing groups of this account and region can be targets", arn)
	}
	if to := s.registry.target(kind, name); to != nil {
		return to, nil
	}
	return nil, notFound("The target %s does not exist", arn)
}

// policyAndTarget reads a call of AttachPolicy or DetachPolicy. The caller holds
// the lock.
func (s *Server) policyAndTarget(c *call) (*policy, target, error) {
	c.key = c.param
	var in struct {
		Target string `json:"target"`
	}
	if err := c.decode(&in); err != nil {
		return nil, nil, err
	}
	p, err := s.policy(c.key)
	c.key += " " + shorten(in.Target)
	if err != nil {
		return nil, nil, err
	}
	to, err := s.target(in.Target)
	return p, to, err
}

func attachPolicy(s *Server, c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, to, err := s.policyAndTarget(c)
	if err != nil {
		return nil, err
	}
	if g, ok := to.(*group); ok && g.dynamic() {
		return nil, invalid("Policies cannot be attached to the dynamic thing group %s", g.name)
	}
	if _, there := to.attached().find(p); there {
		return nil, nil
	}
	if to.attached().len() >= to.room() {
		return nil, limitExceeded("The maximum number of policies (%d) is attached to %s", to.room(), to.arn(s.registry))
	}
	return nil, s.commit(c, record{kind: kindTarget, fields: targetFields(p, to)})
}

func detachPolicy(s *Server, c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, from, err := s.policyAndTarget(c)
	if err != nil {
		return nil, err
	}
	if _, there := from.attached().find(p); !there {
		return nil, nil
	}
	return nil, s.commit(c, record{kind: kindTargetGone, fields: targetFields(p, from)})
}

func listAttachedPolicies(s *Server, c *call) (any, error) {
	c.key = c.param
	p, err := c.page(byMarker)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	to, err := s.target(c.key)
	if err != nil {
		return nil, err
	}
	v := s.lagging()
	sources := []target{to}
	if c.query("recursive") == "true" {
		sources = inherited(to)
	}
	lists := make([]iter.Seq2[uint64, *policy], len(sources))
	for i, from := range sources {
		lists[i] = from.attached().all(v, p.after, false)
	}
	seen := map[*policy]bool{}
	if p.after > 0 { // what earlier pages showed
		for _, from := range sources {
			for seq, shown := range from.attached().all(v, 0, false) {
				if seq > p.after {
					break
				}
				seen[shown] = true
			}
		}
	}
	items, next := collect(merge(lists), p.size, func(p *policy) (policyRef, bool) {
		defer func() { seen[p] = true }()
		return p.ref(s.registry), !seen[p]
	})
	return policyPage{items, next}, nil
}

// inherited is a target and the groups from which policies come down to it.
func inherited(to target) []target {
	all := []target{to}
	above := func(g *group) {
		for _, a := range g.ancestors() {
			all = append(all, a)
		}
	}
	switch to := to.(type) {
	case *group:
		above(to)
	case *certificate:
		for _, a := range to.things.all(present, 0, false) {
			for _, g := range a.thing.groups.all(present, 0, false) {
				all = append(all, g)
				above(g)
			}
		}
	}
	return all
}

func listTargetsForPolicy(s *Server, c *call) (any, error) {
	c.key = c.param
	page, err := c.page(byMarker)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.policy(c.key)
	if err != nil {
		return nil, err
	}
	items, next := list(&p.targets, s.lagging(), page, func(t target) string { return t.arn(s.registry) })
	return struct {
		Targets    []string `json:"targets"`
		NextMarker string   `json:"nextMarker,omitempty"`
	}{items, next}, nil
}
