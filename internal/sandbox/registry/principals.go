package registry

import "cmp"

const (
	exclusiveThing    = "EXCLUSIVE_THING"
	nonExclusiveThing = "NON_EXCLUSIVE_THING"
)

func (a *attachment) relation() string {
	if a.exclusive {
		return exclusiveThing
	}
	return nonExclusiveThing
}

// principal returns the certificate with an ARN.
func (st *State) principal(arn string) (*certificate, error) {
	kind, id, ok := st.split(arn)
	if !ok || kind != "cert" {
		return nil, Invalid("Invalid principal %q: certificates of this account and region can be principals", arn)
	}
	if c := st.certificate(id); c != nil {
		return c, nil
	}
	return nil, notFound("The certificate %s does not exist", id)
}

// attachment returns the attachment of a certificate and its sequence number, or nil.
func (t *thing) attachment(c *certificate) (*attachment, uint64) {
	for seq, a := range t.principals.now() {
		if a.certificate == c {
			return a, seq
		}
	}
	return nil, 0
}

// ThingPrincipal are the parameters of [State.AttachThingPrincipal] and
// [State.DetachThingPrincipal], which ignores Relation.
type ThingPrincipal struct {
	Thing     string `json:"-" path:""`
	Principal string `json:"-" header:"X-Amzn-Principal"`
	Relation  string `json:"-" query:"thingPrincipalType"`
}

// Subject returns the thing and the certificate's ID.
func (in *ThingPrincipal) Subject() string { return in.Thing + " " + idOf(in.Principal) }

func (st *State) thingPrincipal(in *ThingPrincipal) (*thing, *certificate, error) {
	t, err := st.thing(in.Thing)
	if err != nil {
		return nil, nil, err
	}
	c, err := st.principal(in.Principal)
	return t, c, err
}

// AttachThingPrincipal attaches a certificate to a thing.
func (st *State) AttachThingPrincipal(in *ThingPrincipal) ([]Change, error) {
	t, c, err := st.thingPrincipal(in)
	if err != nil {
		return nil, err
	}
	if old, _ := t.attachment(c); old != nil && cmp.Or(in.Relation, old.relation()) == old.relation() {
		return nil, nil
	}
	exclusive := in.Relation == exclusiveThing
	for _, a := range c.things.now() {
		switch {
		case a.thing == t:
		case a.exclusive:
			return nil, Invalid("The principal is exclusively attached to the thing %s", a.thing.name)
		case exclusive:
			return nil, Invalid("The principal is already attached to the thing %s and cannot be attached exclusively", a.thing.name)
		}
	}
	return []Change{&PrincipalAttached{t.name, c.id.String(), exclusive}}, nil
}

// DetachThingPrincipal detaches a certificate from a thing.
func (st *State) DetachThingPrincipal(in *ThingPrincipal) ([]Change, error) {
	t, c, err := st.thingPrincipal(in)
	if err != nil {
		return nil, err
	}
	if a, _ := t.attachment(c); a == nil {
		return nil, notFound("The principal is not attached to the thing %s", t.name)
	}
	return []Change{&PrincipalDetached{t.name, c.id.String()}}, nil
}

// ListThingPrincipals are the parameters of [State.ListThingPrincipals]. An empty Relation
// selects all.
type ListThingPrincipals struct {
	ByToken
	Thing    string `json:"-" path:""`
	Relation string `json:"-" query:"thingPrincipalType"`
}

// A PrincipalOfThing is the ARN of a certificate that is attached to a thing.
type PrincipalOfThing struct {
	Principal string `json:"principal"`
	Relation  string `json:"thingPrincipalType"`
}

// ListThingPrincipals lists the certificates of a thing.
func (st *State) ListThingPrincipals(in *ListThingPrincipals) (out Page[PrincipalOfThing], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	t := st.things.by[in.Thing]
	if t == nil {
		return out, notFound("Failed to list principals for thing %s because the thing does not exist in your account", in.Thing)
	}
	return collect(t.principals.all(st.lagging(), p), p, func(a *attachment) (PrincipalOfThing, bool) {
		return PrincipalOfThing{a.certificate.arn(st), a.relation()}, cmp.Or(in.Relation, a.relation()) == a.relation()
	}), nil
}

// ListPrincipalThings are the parameters of [State.ListPrincipalThings]. An empty Relation
// selects all.
type ListPrincipalThings struct {
	ByToken
	Principal string `json:"-" header:"X-Amzn-Principal"`
	Relation  string `json:"-" query:"thingPrincipalType"`
}

// Subject returns the certificate's ID.
func (in *ListPrincipalThings) Subject() string { return idOf(in.Principal) }

// A ThingOfPrincipal is a thing to which a certificate is attached.
type ThingOfPrincipal struct {
	Thing    string `json:"thingName"`
	Relation string `json:"thingPrincipalType"`
}

// ListPrincipalThings lists the things of a certificate.
func (st *State) ListPrincipalThings(in *ListPrincipalThings) (out Page[ThingOfPrincipal], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	c, err := st.principal(in.Principal)
	if err != nil {
		return out, err
	}
	return collect(c.things.all(st.lagging(), p), p, func(a *attachment) (ThingOfPrincipal, bool) {
		return ThingOfPrincipal{a.thing.name, a.relation()}, cmp.Or(in.Relation, a.relation()) == a.relation()
	}), nil
}

// PrincipalAttached is a [Change]. For an existing attachment it sets whether it is exclusive.
type PrincipalAttached struct {
	Thing       string `json:"thing"`
	Certificate string `json:"certificate"`
	Exclusive   bool   `json:"exclusive,omitempty"`
}

func (a *PrincipalAttached) apply(st *State, at stamp) bool {
	t, c := st.things.by[a.Thing], st.certificate(a.Certificate)
	if t == nil || c == nil {
		return false
	}
	joined, _ := t.attachment(c)
	if joined == nil {
		joined = &attachment{thing: t, certificate: c}
		t.principals.add(at.seq, joined)
		c.things.add(at.seq, joined)
	}
	joined.exclusive = a.Exclusive
	return true
}

// PrincipalDetached is a [Change].
type PrincipalDetached struct {
	Thing       string `json:"thing"`
	Certificate string `json:"certificate"`
}

func (a *PrincipalDetached) apply(st *State, at stamp) bool {
	t, c := st.things.by[a.Thing], st.certificate(a.Certificate)
	if t == nil || c == nil {
		return false
	}
	joined, seq := t.attachment(c)
	if joined != nil {
		drop(&st.lag, &t.principals, seq, at.at)
		drop(&st.lag, &c.things, seq, at.at)
	}
	return joined != nil
}
