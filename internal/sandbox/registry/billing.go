package registry

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"
)

func (b *billingGroup) ref(st *State) GroupRef {
	return GroupRef{b.name, st.arn("billinggroup", b.name)}
}

// CreateBillingGroup are the parameters of [State.CreateBillingGroup].
type CreateBillingGroup struct {
	ByName
	Properties struct {
		Description string `json:"billingGroupDescription,omitempty"`
	} `json:"billingGroupProperties"`
	Tags []Tag `json:"tags"`
}

// A CreatedBillingGroup is the answer to [State.CreateBillingGroup].
type CreatedBillingGroup struct {
	Name string `json:"billingGroupName"`
	ARN  string `json:"billingGroupArn"`
	ID   string `json:"billingGroupId"`
}

// CreateBillingGroup adds a billing group. Repeating it changes nothing.
func (st *State) CreateBillingGroup(in *CreateBillingGroup) (out CreatedBillingGroup, _ []Change, _ error) {
	if err := checkName(billingKind, in.Name); err != nil {
		return out, nil, err
	}
	out = CreatedBillingGroup{Name: in.Name, ARN: st.arn("billinggroup", in.Name)}
	properties := document(in.Properties)
	if b := st.billingGroups.by[in.Name]; b != nil {
		if out.ID = b.id.String(); b.properties != properties {
			return out, nil, exists(out.ID, out.ARN, "Billing group %s already exists in account with different properties", b.name)
		}
		return out, nil, nil
	}
	added := &BillingGroupAdded{in.Name, uuid.New(), json.RawMessage(properties), 1}
	out.ID = added.ID.String()
	changes, err := st.withTags([]Change{added}, "billinggroup/"+in.Name, in.Tags)
	return out, changes, err
}

// A BillingGroupDescription describes a billing group.
type BillingGroupDescription struct {
	CreatedBillingGroup
	Version    int64            `json:"version"`
	Properties json.RawMessage  `json:"billingGroupProperties"`
	Metadata   map[string]Epoch `json:"billingGroupMetadata"`
}

// DescribeBillingGroup returns a billing group.
func (st *State) DescribeBillingGroup(in *ByName) (out BillingGroupDescription, err error) {
	b, err := st.billingGroup(in.Name)
	if err != nil {
		return out, err
	}
	return BillingGroupDescription{
		CreatedBillingGroup{b.name, b.ref(st).ARN, b.id.String()},
		b.version,
		json.RawMessage(b.properties),
		map[string]Epoch{"creationDate": Epoch(b.created)},
	}, nil
}

// ListBillingGroups are the parameters of [State.ListBillingGroups].
type ListBillingGroups struct {
	ByToken
	Prefix string `json:"-" query:"namePrefixFilter"`
}

// ListBillingGroups lists billing groups.
func (st *State) ListBillingGroups(in *ListBillingGroups) (out Page[GroupRef], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	return collect(st.billingGroups.order.all(present, p), p, func(b *billingGroup) (GroupRef, bool) {
		return b.ref(st), strings.HasPrefix(b.name, in.Prefix)
	}), nil
}

// DeleteBillingGroup removes all things from a billing group and deletes it. A missing group is
// no error: AWS documents none for it.
func (st *State) DeleteBillingGroup(in *Deletion) ([]Change, error) {
	switch {
	case st.billingGroups.by[in.Name] == nil:
		return nil, nil
	case !in.expects(st.billingGroups.by[in.Name].version):
		return nil, versionConflict("billing group", in.Name)
	}
	return []Change{&BillingGroupRemoved{in.Name}}, nil
}

// UpdateBillingGroup are the parameters of [State.UpdateBillingGroup].
type UpdateBillingGroup struct {
	CreateBillingGroup
	ExpectedVersion *int64 `json:"expectedVersion"`
}

// UpdateBillingGroup replaces the properties of a billing group, and returns its new version under the name "version".
func (st *State) UpdateBillingGroup(in *UpdateBillingGroup) (map[string]int64, []Change, error) {
	b, err := st.billingGroup(in.Name)
	switch {
	case err != nil:
		return nil, nil, err
	case in.ExpectedVersion != nil && *in.ExpectedVersion != b.version:
		return nil, nil, versionConflict("billing group", b.name)
	}
	next := &BillingGroupUpdated{b.name, b.version + 1, json.RawMessage(document(in.Properties))}
	return map[string]int64{"version": next.Version}, []Change{next}, nil
}

// BillingGroupUpdated is a [Change].
type BillingGroupUpdated struct {
	Name       string          `json:"name"`
	Version    int64           `json:"version"`
	Properties json.RawMessage `json:"properties"`
}

func (a *BillingGroupUpdated) apply(st *State, _ stamp) bool {
	b := st.billingGroups.by[a.Name]
	if b == nil || !json.Valid(a.Properties) {
		return false
	}
	b.version, b.properties = a.Version, string(a.Properties)
	return true
}

// BillingGroupAdded is a [Change]. Earlier versions wrote no version, which stands for 1.
type BillingGroupAdded struct {
	Name       string          `json:"name"`
	ID         uuid.UUID       `json:"id"`
	Properties json.RawMessage `json:"properties"`
	Version    int64           `json:"version,omitempty"`
}

func (a *BillingGroupAdded) apply(st *State, at stamp) bool {
	if st.billingGroups.by[a.Name] != nil || !json.Valid(a.Properties) {
		return false
	}
	b := &billingGroup{name: a.Name, id: a.ID, seq: at.seq, created: at.at, version: max(a.Version, 1), properties: string(a.Properties)}
	st.billingGroups.add(b.name, b.seq, b)
	return true
}

// BillingGroupRemoved is a [Change].
type BillingGroupRemoved named

func (a *BillingGroupRemoved) apply(st *State, at stamp) bool {
	b := st.billingGroups.by[a.Name]
	if b == nil {
		return false
	}
	for _, t := range b.members.now() {
		t.billing, t.billingSeq = nil, 0
	}
	delete(st.billingGroups.by, b.name)
	delete(st.tags, "billinggroup/"+b.name)
	drop(&st.lag, &st.billingGroups.order, b.seq, at.at)
	return true
}
