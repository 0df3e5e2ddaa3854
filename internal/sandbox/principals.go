package sandbox

const (
	exclusiveThing    = "EXCLUSIVE_THING"
	nonExclusiveThing = "NON_EXCLUSIVE_THING"
)

// principal finds the certificate that the header of a call names.
func (s *Server) principal(c *call) (*certificate, error) {
	name := c.request.Header.Get("X-Amzn-Principal")
	kind, id, ok := s.registry.split(name)
	if !ok || kind != "cert" {
		return nil, invalid("Invalid principal %q: certificates of this account and region can be principals", name)
	}
	found := s.registry.lookUp(id)
	if found == nil {
		return nil, notFound("The certificate %s does not exist", id)
	}
	return found, nil
}

// relation reads the query parameter of this name.
func (c *call) relation() (string, error) {
	switch kind := c.query("thingPrincipalType"); kind {
	case "", exclusiveThing, nonExclusiveThing:
		return kind, nil
	default:
		return "", failed(kind, "thingPrincipalType", "Member must satisfy enum value set: [EXCLUSIVE_THING, NON_EXCLUSIVE_THING]")
	}
}

func (a *attachment) relation() string {
	if a.exclusive {
		return exclusiveThing
	}
	return nonExclusiveThing
}

func attachThingPrincipal(s *Server, c *call) (any, error) {
	c.key = c.param
	relation, err := c.relation()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.thing(c.key)
	if err != nil {
		return nil, err
	}
	to, err := s.principal(c)
	if err != nil {
		return nil, err
	}
	c.key = t.name + " " + to.hexID()
	old, _ := t.attachment(to)
	if old != nil && (relation == "" || relation == old.relation()) {
		return nil, nil
	}
	exclusive := relation == exclusiveThing
	for _, a := range to.things.all(present, 0, false) {
		switch {
		case a.thing == t:
		case a.exclusive:
			return nil, invalid("The principal is exclusively attached to the thing %s", a.thing.name)
		case exclusive:
			return nil, invalid("The principal is already attached to the thing %s and cannot be attached exclusively", a.thing.name)
		}
	}
	return nil, s.commit(c, principalRecord(0, 0, t, to, exclusive))
}

func detachThingPrincipal(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.thing(c.key)
	if err != nil {
		return nil, err
	}
	from, err := s.principal(c)
	if err != nil {
		return nil, err
	}
	c.key = t.name + " " + from.hexID()
	if a, _ := t.attachment(from); a == nil {
		return nil, notFound("The principal is not attached to the thing %s", t.name)
	}
	return nil, s.commit(c, record{kind: kindPrincipalGone, fields: []string{t.name, from.hexID()}})
}

func (s *Server) thingPrincipals(c *call, show func(*attachment) (any, bool)) (items []any, next string, err error) {
	c.key = c.param
	p, err := c.page(byToken)
	if err != nil {
		return nil, "", err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.thing(c.key)
	if err != nil {
		return nil, "", err
	}
	items, next = collect(t.principals.all(s.lagging(), p.after, false), p.size, show)
	return items, next, nil
}

func listThingPrincipals(s *Server, c *call) (any, error) {
	items, next, err := s.thingPrincipals(c, func(a *attachment) (any, bool) { return a.certificate.arn(s.registry), true })
	return struct {
		Principals []any  `json:"principals"`
		NextToken  string `json:"nextToken,omitempty"`
	}{items, next}, err
}

func listThingPrincipalsV2(s *Server, c *call) (any, error) {
	want, err := c.relation()
	if err != nil {
		return nil, err
	}
	items, next, err := s.thingPrincipals(c, func(a *attachment) (any, bool) {
		return map[string]string{"principal": a.certificate.arn(s.registry), "thingPrincipalType": a.relation()},
			want == "" || want == a.relation()
	})
	return struct {
		Objects   []any  `json:"thingPrincipalObjects"`
		NextToken string `json:"nextToken,omitempty"`
	}{items, next}, err
}

func (s *Server) principalThings(c *call, show func(*attachment) (any, bool)) (items []any, next string, err error) {
	p, err := c.page(byToken)
	if err != nil {
		return nil, "", err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	of, err := s.principal(c)
	if err != nil {
		return nil, "", err
	}
	c.key = of.hexID()
	items, next = collect(of.things.all(s.lagging(), p.after, false), p.size, show)
	return items, next, nil
}

func listPrincipalThings(s *Server, c *call) (any, error) {
	items, next, err := s.principalThings(c, func(a *attachment) (any, bool) { return a.thing.name, true })
	return struct {
		Things    []any  `json:"things"`
		NextToken string `json:"nextToken,omitempty"`
	}{items, next}, err
}

func listPrincipalThingsV2(s *Server, c *call) (any, error) {
	want, err := c.relation()
	if err != nil {
		return nil, err
	}
	items, next, err := s.principalThings(c, func(a *attachment) (any, bool) {
		return map[string]string{"thingName": a.thing.name, "thingPrincipalType": a.relation()},
			want == "" || want == a.relation()
	})
	return struct {
		Objects   []any  `json:"principalThingObjects"`
		NextToken string `json:"nextToken,omitempty"`
	}{items, next}, err
}
