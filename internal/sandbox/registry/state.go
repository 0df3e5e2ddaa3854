// Package registry is the state of the sandbox's AWS IoT: certificates, things, policies, types and groups, with the rules that AWS
// documents for them. It knows no HTTP. An operation is a method of [State] that takes its parameters as a struct. One that reads
// returns what it found; one that writes checks every rule and returns the changes to make, which [Store.Change] keeps in the state
// file and applies. See docs/sandbox.md for the rules and the places where AWS is not documented.
//
// The tags of the parameters are AWS's service model: where each of them is in a request.
package registry

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/manifest"
)

// State is what the account holds. It is kept small, since a million devices must fit: certificates as DER, attributes as a slice
// whose names are shared. Its methods must not be called outside of [Store.View] and [Store.Change].
type State struct {
	Identity
	prefix string // of every ARN
	strict bool
	seq    uint64 // of the last change

	certificates  index[manifest.CertificateID, *certificate]
	things        index[string, *thing]
	policies      index[string, *policy]
	types         index[string, *thingType]
	groups        index[string, *group]
	billingGroups index[string, *billingGroup]

	names map[string]string // attribute names, each kept once
	lag   lag
}

// Identity tells one state from another. ID is random.
type Identity struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Region  string `json:"region"`
}

type certificate struct {
	id                manifest.CertificateID
	seq               uint64
	der               []byte
	created, modified int64 // Unix milliseconds
	version           uint32
	status            status
	things            series[*attachment]
	policies          series[*policy]
}

// status of a certificate, of those that a registry without transfers knows.
type status byte

const (
	inactive status = iota
	active
	revoked
)

type thing struct {
	name       string
	id         uuid.UUID
	seq        uint64
	version    int64
	kind       *thingType
	billing    *billingGroup
	billingSeq uint64
	attributes []Attribute // sorted by name
	principals series[*attachment]
	groups     series[*group]
}

// attachment joins a thing and a certificate.
type attachment struct {
	thing       *thing
	certificate *certificate
	exclusive   bool
}

type policy struct {
	name, document string
	seq            uint64
	created        int64
	generation     uuid.UUID
	targets        series[target]
}

// target is what a policy is attached to: a certificate or a thing group.
type target interface {
	arn(st *State) string
	attached() *series[*policy]
	// room is the number of policies that it takes.
	room() int
	// place is how a state file names the target.
	place() PolicyPlace
}

// PolicyPlace is a certificate, by its ID, or a thing group, by its name.
type PolicyPlace struct {
	Certificate string `json:"certificate,omitempty"`
	Group       string `json:"group,omitempty"`
}

type thingType struct {
	name       string
	id         uuid.UUID
	seq        uint64
	created    int64
	deprecated int64 // 0 if not
	properties string
	things     int
}

type group struct {
	name             string
	id               uuid.UUID
	seq              uint64
	created          int64
	parent           *group
	children         series[*group]
	properties       string
	query, queryForm string // of a dynamic group
	index            string
	members          series[*thing]
	policies         series[*policy]
}

type billingGroup struct {
	name       string
	id         uuid.UUID
	seq        uint64
	created    int64
	properties string
	members    series[*thing]
}

func newState(strict bool) *State {
	return &State{
		strict:        strict,
		certificates:  newIndex[manifest.CertificateID, *certificate](),
		things:        newIndex[string, *thing](),
		policies:      newIndex[string, *policy](),
		types:         newIndex[string, *thingType](),
		groups:        newIndex[string, *group](),
		billingGroups: newIndex[string, *billingGroup](),
		names:         map[string]string{},
		lag:           lag{stamps: []stamp{{}}},
	}
}

// Partition returns the partition of AWS that a region is in.
func (i Identity) Partition() string {
	switch {
	case strings.HasPrefix(i.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(i.Region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// ARN returns the name of a resource of this account and region, such as "thing/lamp" of service "iot".
func (i Identity) ARN(service, resource string) string {
	return "arn:" + i.Partition() + ":" + service + ":" + i.Region + ":" + i.Account + ":" + resource
}

func (st *State) identify(as Identity) { st.Identity, st.prefix = as, as.ARN("iot", "") }

func (st *State) arn(kind, name string) string { return st.prefix + kind + "/" + name }

// split takes an ARN of this account and region apart.
func (st *State) split(arn string) (kind, name string, ok bool) {
	resource, ok := strings.CutPrefix(arn, st.prefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(resource, "/")
}

// certificate finds a certificate by its hexadecimal ID, in upper or lower case; nil if there is none.
func (st *State) certificate(id string) *certificate {
	parsed, err := manifest.ParseCertificateID(id)
	if err != nil {
		return nil
	}
	return st.certificates.by[parsed]
}

func find[T any](of kind, by map[string]*T, name string) (*T, error) {
	if err := checkName(of, name); err != nil {
		return nil, err
	}
	if found := by[name]; found != nil {
		return found, nil
	}
	return nil, notFound(of.missing, name)
}

func (st *State) thing(name string) (*thing, error) { return find(thingKind, st.things.by, name) }

func (st *State) thingType(name string) (*thingType, error) { return find(typeKind, st.types.by, name) }

func (st *State) group(name string) (*group, error) { return find(groupKind, st.groups.by, name) }

func (st *State) billingGroup(name string) (*billingGroup, error) {
	return find(billingKind, st.billingGroups.by, name)
}

func (st *State) policy(name string) (*policy, error) { return find(policyKind, st.policies.by, name) }

// lagging is the state that lists show now.
func (st *State) lagging() view { return st.lag.view(time.Now().UnixMilli()) }

// title returns the name of a type, empty for none.
func (t *thingType) title() string {
	if t == nil {
		return ""
	}
	return t.name
}

// title returns the name of a billing group, empty for none.
func (b *billingGroup) title() string {
	if b == nil {
		return ""
	}
	return b.name
}
