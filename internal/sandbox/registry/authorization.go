package registry

import (
	"crypto/x509"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/thingpress/thingpress/manifest"
	language "github.com/thingpress/thingpress/policy"
)

// An EffectivePolicy is a policy with its default version's document.
type EffectivePolicy struct {
	Name     string `json:"policyName"`
	ARN      string `json:"policyArn"`
	Document string `json:"policyDocument"`
}

// GetEffectivePolicies are the parameters of [State.GetEffectivePolicies]. One of them must be given.
type GetEffectivePolicies struct {
	Principal string `json:"principal"`
	Thing     string `json:"-" query:"thingName"`
}

// Subject returns the thing and the ID of the certificate.
func (in *GetEffectivePolicies) Subject() string { return in.Thing + " " + idOf(in.Principal) }

// GetEffectivePolicies returns the policies of a certificate or a thing group with those that it
// inherits. With the name of a thing, the policies of the thing's groups are included.
func (st *State) GetEffectivePolicies(in *GetEffectivePolicies) (map[string][]EffectivePolicy, error) {
	if in.Principal == "" && in.Thing == "" {
		return nil, Invalid("Either a principal or a thing name is required")
	}
	var sources []target
	if in.Principal != "" {
		to, err := st.target(in.Principal)
		if err != nil {
			return nil, err
		}
		sources = append(sources, to)
		if g, ok := to.(*group); ok {
			sources = append(sources, inherited(g)...)
		}
	}
	if in.Thing != "" {
		t, err := st.thing(in.Thing)
		if err != nil {
			return nil, err
		}
		sources = append(sources, t.policySources()...)
	}
	effective := []EffectivePolicy{}
	for p := range policiesOf(sources) {
		effective = append(effective, EffectivePolicy{p.name, st.arn("policy", p.name), p.document()})
	}
	return map[string][]EffectivePolicy{"effectivePolicies": effective}, nil
}

// policySources returns the static groups of a thing and those above them.
func (t *thing) policySources() (all []target) {
	for _, g := range t.groups.now() {
		all = append(append(all, g), inherited(g)...)
	}
	return all
}

// policiesOf returns the policies that are attached to one of the targets, each once.
func policiesOf(sources []target) iter.Seq[*policy] {
	return func(yield func(*policy) bool) {
		seen := map[*policy]bool{}
		for _, from := range sources {
			for _, p := range from.attached().now() {
				if !seen[p] && !yield(p) {
					return
				}
				seen[p] = true
			}
		}
	}
}

// An AuthInfo is an action on resources.
type AuthInfo struct {
	Action    string   `json:"actionType"`
	Resources []string `json:"resources"`
}

// TestAuthorization are the parameters of [State.TestAuthorization].
type TestAuthorization struct {
	Principal string     `json:"principal"`
	AuthInfos []AuthInfo `json:"authInfos"`
	ClientID  string     `json:"-" query:"clientId"`
	Add       []string   `json:"policyNamesToAdd"`
	Skip      []string   `json:"policyNamesToSkip"`
}

// Subject returns the ID of the certificate.
func (in *TestAuthorization) Subject() string { return idOf(in.Principal) }

// An AuthResult is the decision on an AuthInfo, with the policies that led to it.
type AuthResult struct {
	Info    AuthInfo        `json:"authInfo"`
	Allowed decidedPolicies `json:"allowed"`
	Denied  struct {
		Implicit decidedPolicies `json:"implicitDeny"`
		Explicit decidedPolicies `json:"explicitDeny"`
	} `json:"denied"`
	Decision string   `json:"authDecision"`
	Missing  []string `json:"missingContextValues"`
}

type decidedPolicies struct {
	Policies []PolicyRef `json:"policies"`
}

// TestAuthorization decides requests by the policies of a certificate or a thing group, as if
// policies were added or left out. The decision on several resources is the worst of those on
// each. AWS does not document what the missing context values are: here they are the names of
// variables that are not substituted.
func (st *State) TestAuthorization(in *TestAuthorization) (map[string][]AuthResult, error) {
	to, err := st.target(in.Principal)
	if err != nil {
		return nil, err
	}
	c, sources := st.connect(to, in.ClientID)
	c.Time = time.Now()
	policies := slices.Collect(policiesOf(sources))
	for _, name := range in.Add {
		p, err := st.policy(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(policies, p) {
			policies = append(policies, p)
		}
	}
	policies = slices.DeleteFunc(policies, func(p *policy) bool { return slices.Contains(in.Skip, p.name) })
	results := make([]AuthResult, 0, len(in.AuthInfos))
	for _, info := range in.AuthInfos {
		action, ok := testedActions[info.Action]
		if !ok || len(info.Resources) == 0 {
			return nil, Invalid("An action type and a resource are required")
		}
		result, err := st.decide(policies, c, action, info)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return map[string][]AuthResult{"authResults": results}, nil
}

var testedActions = map[string]string{
	"CONNECT": "iot:Connect", "PUBLISH": "iot:Publish", "SUBSCRIBE": "iot:Subscribe", "RECEIVE": "iot:Receive",
}

// connect returns the connection of a client, and what its policies are attached to. The
// policies of groups are effective for the thing that the connection belongs to.
func (st *State) connect(to target, clientID string) (language.Connection, []target) {
	c := language.Connection{
		Target:   language.Target{Partition: st.Partition(), Region: st.Region, Account: st.Account},
		ClientID: clientID,
	}
	sources := []target{to}
	switch to := to.(type) {
	case *group:
		sources = append(sources, inherited(to)...)
	case *certificate:
		if parsed, err := x509.ParseCertificate(to.der); err == nil {
			c.Certificate = language.NewCertificate(parsed)
		}
		c.OtherThing = st.things.by[clientID] != nil
		for _, a := range to.things.now() {
			c.Things = append(c.Things, a.ask())
			c.OtherThing = c.OtherThing && a.thing.name != clientID
		}
		if belongs := c.Thing(); belongs != nil {
			sources = append(sources, st.things.by[belongs.Name].policySources()...)
		}
	}
	return c, sources
}

// ask returns what a policy can ask of an attached thing.
func (a *attachment) ask() language.Thing {
	asked := language.Thing{Name: a.thing.name, Exclusive: a.exclusive, Attributes: map[string]string{}}
	if a.thing.kind != nil {
		asked.Type = a.thing.kind.name
	}
	for _, attribute := range a.thing.attributes {
		asked.Attributes[attribute.Name] = attribute.Value
	}
	return asked
}

// decide decides a request by all policies, and by each of them for the lists of the answer.
func (st *State) decide(policies []*policy, c language.Connection, action string, info AuthInfo) (AuthResult, error) {
	none := func() decidedPolicies { return decidedPolicies{[]PolicyRef{}} }
	result := AuthResult{Info: info, Allowed: none(), Missing: []string{}}
	result.Denied.Implicit, result.Denied.Explicit = none(), none()
	var documents []*language.Document
	for _, p := range policies {
		document, err := language.Parse(p.document())
		if err != nil {
			// The state may be older than a check of the documents.
			return result, Refuse(http.StatusBadRequest, "InvalidRequestException", "The policy %s: %v", p.name, err)
		}
		documents = append(documents, document)
		list := &result.Denied.Implicit
		switch worst(language.Compile(document), c, action, info.Resources) {
		case language.Allowed:
			list = &result.Allowed
		case language.ExplicitDeny:
			list = &result.Denied.Explicit
		}
		list.Policies = append(list.Policies, p.ref(st))
	}
	all := language.Compile(documents...)
	result.Decision = decisions[worst(all, c, action, info.Resources)]
	for _, resource := range info.Resources {
		for _, v := range all.Evaluate(&c, language.Request{Action: action, Resource: resource}).Variables {
			if v.Reason != "" && !slices.Contains(result.Missing, v.Name) {
				result.Missing = append(result.Missing, v.Name)
			}
		}
	}
	return result, nil
}

var decisions = map[language.Outcome]string{
	language.Allowed: "ALLOWED", language.ExplicitDeny: "EXPLICIT_DENY", language.ImplicitDeny: "IMPLICIT_DENY",
}

// worst returns the worst outcome of requests for each of the resources.
func worst(policies *language.Policies, c language.Connection, action string, resources []string) language.Outcome {
	outcome := language.Allowed
	for _, resource := range resources {
		switch policies.Decide(&c, language.Request{Action: action, Resource: resource}) {
		case language.ExplicitDeny:
			return language.ExplicitDeny
		case language.ImplicitDeny:
			outcome = language.ImplicitDeny
		}
	}
	return outcome
}

// An Access is what the registry knows about a certificate and a client ID.
type Access struct {
	Status     string
	Connection language.Connection
	// Names and Documents are those of the effective policies. Version is the same only for the same
	// documents.
	Names, Documents []string
	Version          string
}

// Access returns what is known about a certificate and a client ID. It reports false for a
// certificate that is not registered.
func (st *State) Access(id manifest.CertificateID, clientID string) (a Access, ok bool) {
	c := st.certificates.by[id]
	if c == nil {
		return a, false
	}
	connection, sources := st.connect(c, clientID)
	a.Status, a.Connection = c.status.String(), connection
	for p := range policiesOf(sources) {
		a.Names, a.Documents = append(a.Names, p.name), append(a.Documents, p.document())
		a.Version += p.name + " " + p.generation.String() + " " + strconv.Itoa(p.standard) + "\n"
	}
	return a, true
}

// Version changes with every change of the state.
func (st *State) Version() uint64 { return st.seq }
