package registry

import (
	"net/http"
	"slices"
	"strconv"
)

// maxPolicyVersions is the limit of AWS for the versions of one policy.
const maxPolicyVersions = 5

// A PolicyVersion is one version of a policy.
type PolicyVersion struct {
	Number   int    `json:"number"`
	Document string `json:"document"`
	Created  int64  `json:"created"` // Unix milliseconds
}

// version returns the version with a number, or nil.
func (p *policy) version(number int) *PolicyVersion {
	for i := range p.versions {
		if p.versions[i].Number == number {
			return &p.versions[i]
		}
	}
	return nil
}

// document returns the document of the default version.
func (p *policy) document() string { return p.version(p.standard).Document }

// CreatePolicyVersion are the parameters of [State.CreatePolicyVersion].
type CreatePolicyVersion struct {
	ByName
	Document   string `json:"policyDocument"`
	SetDefault string `json:"-" query:"setAsDefault"`
}

// A CreatedPolicyVersion is the answer to [State.CreatePolicyVersion].
type CreatedPolicyVersion struct {
	ARN       string `json:"policyArn"`
	Document  string `json:"policyDocument"`
	Version   string `json:"policyVersionId"`
	IsDefault bool   `json:"isDefaultVersion"`
}

// CreatePolicyVersion adds a version to a policy.
func (st *State) CreatePolicyVersion(in *CreatePolicyVersion) (out CreatedPolicyVersion, _ []Change, _ error) {
	p, err := st.policy(in.Name)
	if err != nil {
		return out, nil, err
	}
	if err := checkDocument(in.Document); err != nil {
		return out, nil, err
	}
	if len(p.versions) >= maxPolicyVersions {
		return out, nil, Refuse(http.StatusConflict, "VersionsLimitExceededException",
			"The policy %s already has the maximum number of versions (%d)", p.name, maxPolicyVersions)
	}
	added := &PolicyVersionAdded{p.name, p.last + 1, in.Document, in.SetDefault == "true"}
	return CreatedPolicyVersion{p.ref(st).ARN, in.Document, strconv.Itoa(added.Version), added.Default}, []Change{added}, nil
}

// ByPolicyVersion are the parameters of operations on one version of a policy. Two names are in the path.
type ByPolicyVersion struct {
	ByName
	Version string `json:"-" path:"policyVersionId"`
}

// Subject returns the policy and the version.
func (in *ByPolicyVersion) Subject() string { return in.Name + " " + in.Version }

func (st *State) policyVersion(in *ByPolicyVersion) (*policy, *PolicyVersion, error) {
	p, err := st.policy(in.Name)
	if err != nil {
		return nil, nil, err
	}
	if number, err := strconv.Atoi(in.Version); err == nil {
		if v := p.version(number); v != nil {
			return p, v, nil
		}
	}
	return nil, nil, notFound("Policy version does not exist (name=%s, versionId=%s)", p.name, Shorten(in.Version))
}

// A PolicyVersionDescription describes a version of a policy.
type PolicyVersionDescription struct {
	PolicyRef
	Document         string `json:"policyDocument"`
	Version          string `json:"policyVersionId"`
	IsDefault        bool   `json:"isDefaultVersion"`
	CreationDate     Epoch  `json:"creationDate"`
	LastModifiedDate Epoch  `json:"lastModifiedDate"`
	GenerationID     string `json:"generationId"`
}

// GetPolicyVersion returns a version of a policy.
func (st *State) GetPolicyVersion(in *ByPolicyVersion) (out PolicyVersionDescription, err error) {
	p, v, err := st.policyVersion(in)
	if err != nil {
		return out, err
	}
	return PolicyVersionDescription{
		p.ref(st), v.Document, strconv.Itoa(v.Number), v.Number == p.standard, Epoch(v.Created), Epoch(v.Created), p.generation.String(),
	}, nil
}

// A PolicyVersionSummary is an item in the list of versions.
type PolicyVersionSummary struct {
	Version    string `json:"versionId"`
	IsDefault  bool   `json:"isDefaultVersion"`
	CreateDate Epoch  `json:"createDate"`
}

// ListPolicyVersions returns the versions of a policy, newest first, under the name "policyVersions".
func (st *State) ListPolicyVersions(in *ByName) (map[string][]PolicyVersionSummary, error) {
	p, err := st.policy(in.Name)
	if err != nil {
		return nil, err
	}
	all := []PolicyVersionSummary{}
	for _, v := range slices.Backward(p.versions) {
		all = append(all, PolicyVersionSummary{strconv.Itoa(v.Number), v.Number == p.standard, Epoch(v.Created)})
	}
	return map[string][]PolicyVersionSummary{"policyVersions": all}, nil
}

// DeletePolicyVersion deletes a version of a policy that is not the default.
func (st *State) DeletePolicyVersion(in *ByPolicyVersion) ([]Change, error) {
	p, v, err := st.policyVersion(in)
	if err != nil {
		return nil, err
	}
	if v.Number == p.standard {
		return nil, deleteConflict("Cannot delete a default policy version (name=%s, versionId=%d)", p.name, v.Number)
	}
	return []Change{&PolicyVersionRemoved{p.name, v.Number}}, nil
}

// SetDefaultPolicyVersion makes a version of a policy its default.
func (st *State) SetDefaultPolicyVersion(in *ByPolicyVersion) ([]Change, error) {
	p, v, err := st.policyVersion(in)
	if err != nil || v.Number == p.standard {
		return nil, err
	}
	return []Change{&PolicyDefaultSet{p.name, v.Number}}, nil
}

// PolicyVersionAdded is a [Change].
type PolicyVersionAdded struct {
	Policy   string `json:"policy"`
	Version  int    `json:"version"`
	Document string `json:"document"`
	Default  bool   `json:"default,omitempty"`
}

func (a *PolicyVersionAdded) apply(st *State, at stamp) bool {
	p := st.policies.by[a.Policy]
	if p == nil || a.Version <= p.last {
		return false
	}
	p.versions = append(p.versions, PolicyVersion{a.Version, a.Document, at.at})
	p.last = a.Version
	if a.Default {
		p.standard, p.modified = a.Version, at.at
	}
	return true
}

// PolicyVersionRemoved is a [Change].
type PolicyVersionRemoved struct {
	Policy  string `json:"policy"`
	Version int    `json:"version"`
}

func (a *PolicyVersionRemoved) apply(st *State, _ stamp) bool {
	p := st.policies.by[a.Policy]
	if p == nil || a.Version == p.standard || p.version(a.Version) == nil {
		return false
	}
	p.versions = slices.DeleteFunc(p.versions, func(v PolicyVersion) bool { return v.Number == a.Version })
	return true
}

// PolicyDefaultSet is a [Change].
type PolicyDefaultSet PolicyVersionRemoved

func (a *PolicyDefaultSet) apply(st *State, at stamp) bool {
	p := st.policies.by[a.Policy]
	if p == nil || p.version(a.Version) == nil {
		return false
	}
	p.standard, p.modified = a.Version, at.at
	return true
}
