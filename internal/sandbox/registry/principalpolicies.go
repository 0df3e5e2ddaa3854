package registry

// PrincipalPolicy are the parameters of [State.AttachPrincipalPolicy] and [State.DetachPrincipalPolicy].
type PrincipalPolicy struct {
	ByName
	Principal string `json:"-" header:"X-Amzn-Iot-Principal"`
}

// Subject returns the policy and the certificate's ID.
func (in *PrincipalPolicy) Subject() string { return in.Name + " " + idOf(in.Principal) }

// AttachPrincipalPolicy attaches a policy to a certificate. It is the predecessor of AttachPolicy.
func (st *State) AttachPrincipalPolicy(in *PrincipalPolicy) ([]Change, error) {
	if _, err := st.policy(in.Name); err != nil {
		return nil, err
	}
	if _, err := st.principal(in.Principal); err != nil {
		return nil, err
	}
	return st.AttachPolicy(&PolicyTarget{in.ByName, in.Principal})
}

// DetachPrincipalPolicy detaches a policy from a certificate or thing group. It is the predecessor of DetachPolicy, and unlike that
// has an error for a policy that is not attached.
func (st *State) DetachPrincipalPolicy(in *PrincipalPolicy) ([]Change, error) {
	changes, err := st.DetachPolicy(&PolicyTarget{in.ByName, in.Principal})
	if err == nil && changes == nil {
		err = notFound("The policy %s is not attached to %s", in.Name, Shorten(in.Principal))
	}
	return changes, err
}

// ListPrincipalPolicies are the parameters of [State.ListPrincipalPolicies].
type ListPrincipalPolicies struct {
	Ordered
	Principal string `json:"-" header:"X-Amzn-Iot-Principal"`
}

// Subject returns the certificate's ID.
func (in *ListPrincipalPolicies) Subject() string { return idOf(in.Principal) }

// ListPrincipalPolicies lists the policies that are attached to a certificate or thing group.
func (st *State) ListPrincipalPolicies(in *ListPrincipalPolicies) (out Page[PolicyRef], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	to, err := st.target(in.Principal)
	if err != nil {
		return out, err
	}
	return list(to.attached(), st.lagging(), p, func(p *policy) PolicyRef { return p.ref(st) }), nil
}

// ListPolicyPrincipals are the parameters of [State.ListPolicyPrincipals].
type ListPolicyPrincipals struct {
	Ordered
	Policy string `json:"-" header:"X-Amzn-Iot-Policy"`
}

// Subject returns the policy.
func (in *ListPolicyPrincipals) Subject() string { return in.Policy }

// ListPolicyPrincipals lists the ARNs of the certificates that have a policy. Thing groups are not principals.
func (st *State) ListPolicyPrincipals(in *ListPolicyPrincipals) (out Page[string], err error) {
	page, err := in.page()
	if err != nil {
		return out, err
	}
	p, err := st.policy(in.Policy)
	if err != nil {
		return out, err
	}
	return collect(p.targets.all(st.lagging(), page), page, func(t target) (string, bool) {
		_, ok := t.(*certificate)
		return t.arn(st), ok
	}), nil
}
