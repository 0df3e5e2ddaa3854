package registry

import "slices"

// A Snapshot contains the certificates and things of a state, for comparison.
type Snapshot struct {
	Certificates map[string]CertificateState `json:"certificates"`
	Things       map[string]ThingState       `json:"things"`
}

// CertificateState describes one certificate. Things and Policies are sorted names.
type CertificateState struct {
	Status   string   `json:"status"`
	Things   []string `json:"things"`
	Policies []string `json:"policies"`
}

// ThingState describes one thing. Certificates (IDs) and Groups (names) are sorted.
type ThingState struct {
	Type         string            `json:"type"`
	BillingGroup string            `json:"billing_group"`
	Version      int64             `json:"version"`
	Attributes   map[string]string `json:"attributes"`
	Certificates []string          `json:"certificates"`
	Groups       []string          `json:"groups"`
	// Exclusive are the Certificates that are attached exclusively.
	Exclusive []string `json:"exclusive"`
}

// Snapshot returns a copy of all certificates and things. Lag does not affect it.
func (s *Store) Snapshot() Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.state
	all := Snapshot{make(map[string]CertificateState, len(st.certificates.by)), make(map[string]ThingState, len(st.things.by))}
	for _, c := range st.certificates.by {
		all.Certificates[c.id.String()] = CertificateState{
			Status:   c.status.String(),
			Things:   sortedNames(&c.things, func(a *attachment) string { return a.thing.name }),
			Policies: sortedNames(&c.policies, func(p *policy) string { return p.name }),
		}
	}
	for _, t := range st.things.by {
		one := ThingState{
			Type: t.kind.title(), BillingGroup: t.billing.title(), Version: t.version, Attributes: attributeMap(t.attributes),
			Certificates: sortedNames(&t.principals, func(a *attachment) string { return a.certificate.id.String() }),
			Groups:       sortedNames(&t.groups, func(g *group) string { return g.name }),
			Exclusive:    []string{},
		}
		for _, a := range t.principals.now() {
			if a.exclusive {
				one.Exclusive = append(one.Exclusive, a.certificate.id.String())
			}
		}
		slices.Sort(one.Exclusive)
		all.Things[t.name] = one
	}
	return all
}

func sortedNames[T comparable](s *series[T], name func(T) string) []string {
	names := make([]string, 0, s.len())
	for _, item := range s.now() {
		names = append(names, name(item))
	}
	slices.Sort(names)
	return names
}
