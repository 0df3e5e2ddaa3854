package sandbox

import "slices"

// State is what a sandbox holds, for comparing.
type State struct {
	Certificates map[string]CertificateState `json:"certificates"`
	Things       map[string]ThingState       `json:"things"`
}

// CertificateState is one certificate. Things and Policies are sorted names.
type CertificateState struct {
	Status   string   `json:"status"`
	Things   []string `json:"things"`
	Policies []string `json:"policies"`
}

// ThingState is one thing. Certificates (IDs) and Groups (names) are sorted.
type ThingState struct {
	Type         string            `json:"type"`
	BillingGroup string            `json:"billing_group"`
	Version      int64             `json:"version"`
	Attributes   map[string]string `json:"attributes"`
	Certificates []string          `json:"certificates"`
	Groups       []string          `json:"groups"`
	// Exclusive are those of Certificates that are attached exclusively.
	Exclusive []string `json:"exclusive"`
}

// State returns a copy of all certificates and things, whatever lists lag
// behind.
func (s *Server) State() State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.registry
	state := State{make(map[string]CertificateState, len(r.certificates)), make(map[string]ThingState, len(r.things))}
	for _, c := range r.certificates {
		one := CertificateState{Status: c.status.String(), Things: []string{}, Policies: []string{}}
		for _, a := range c.things.all(present, 0, false) {
			one.Things = append(one.Things, a.thing.name)
		}
		for _, p := range c.policies.all(present, 0, false) {
			one.Policies = append(one.Policies, p.name)
		}
		slices.Sort(one.Things)
		slices.Sort(one.Policies)
		state.Certificates[c.hexID()] = one
	}
	for _, t := range r.things {
		state.Things[t.name] = t.state()
	}
	return state
}

func (t *thing) state() ThingState {
	one := ThingState{
		Type: t.kind.title(), BillingGroup: t.billing.title(), Version: t.version, Attributes: t.attributeMap(),
		Certificates: []string{}, Groups: []string{}, Exclusive: []string{},
	}
	for _, a := range t.principals.all(present, 0, false) {
		one.Certificates = append(one.Certificates, a.certificate.hexID())
		if a.exclusive {
			one.Exclusive = append(one.Exclusive, a.certificate.hexID())
		}
	}
	for _, g := range t.groups.all(present, 0, false) {
		one.Groups = append(one.Groups, g.name)
	}
	slices.Sort(one.Certificates)
	slices.Sort(one.Exclusive)
	slices.Sort(one.Groups)
	return one
}
