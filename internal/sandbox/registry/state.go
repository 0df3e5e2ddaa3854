// Package registry is the state of the sandbox's AWS IoT: certificates, things, policies, types
// and groups, with the rules that AWS documents for them. It knows nothing of HTTP. An
// operation is a method of [State] that takes its parameters as a struct. A method that reads
// returns what it found. A method that writes checks every rule and returns the changes to
// make, which [Store.Change] writes to the state file and applies. docs/sandbox.md lists the
// rules, and the behaviour that AWS does not document.
//
// The tags of the parameters name the place of each of them in a request, as in AWS's service
// model.
package registry

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/manifest"
)

// State is the content of the account. It is compact, since a million devices must fit into
// memory: certificates are kept as DER, and attributes as a slice that shares its names. Its
// methods may only be called within [Store.View] and [Store.Change].
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
	cas           index[manifest.CertificateID, *caCertificate]
	dynamicGroups series[*group]
	tasks         index[string, *task]

	code     string            // for the registration of certificate authorities
	indexing Indexing          // of things and groups
	objects  map[string][]byte // files of registration tasks, by bucket, slash and key
	tags     map[string][]Tag  // by kind and name of the resource, such as policy/factory

	connections map[string]connection // of devices that have connected, by thing

	names map[string]string // attribute names, each kept once
	lag   lag
}

// Identity distinguishes one state from another. ID is random.
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
	ca                manifest.CertificateID // zero if it was registered without one
	byCA              bool                   // its mode is DEFAULT; else SNI_ONLY
	transfer          *Transfer              // nil if it never was transferred
}

type status byte

const (
	inactive status = iota
	active
	revoked
	pendingTransfer
)

// caCertificate is the certificate of a certificate authority.
type caCertificate struct {
	id                manifest.CertificateID
	seq               uint64
	der               []byte
	subject           string // DER
	created, modified int64
	CASettings
}

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

// attachment connects a thing and a certificate.
type attachment struct {
	thing       *thing
	certificate *certificate
	exclusive   bool
}

type policy struct {
	name       string
	seq        uint64
	created    int64
	modified   int64
	generation uuid.UUID
	versions   []PolicyVersion // oldest first
	standard   int             // number of the default version
	last       int             // number of the newest version there ever was
	targets    series[target]
}

// A target is a certificate or a thing group, to which policies can be attached.
type target interface {
	arn(st *State) string
	attached() *series[*policy]
	// room returns the maximum number of policies.
	room() int
	// place returns the name of the target in a state file.
	place() PolicyPlace
}

// PolicyPlace names a certificate by its ID, or a thing group by its name.
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
	version          int64
	query, queryForm string // of a dynamic group
	index            string
	matches          query // of a dynamic group; nil if the sandbox cannot parse its query
	members          series[*thing]
	policies         series[*policy]
}

type billingGroup struct {
	name       string
	id         uuid.UUID
	seq        uint64
	created    int64
	version    int64
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
		cas:           newIndex[manifest.CertificateID, *caCertificate](),
		tasks:         newIndex[string, *task](),
		objects:       map[string][]byte{},
		tags:          map[string][]Tag{},
		names:         map[string]string{},
		lag:           lag{stamps: []stamp{{}}},
	}
}

// Partition returns the AWS partition of the region.
func (i Identity) Partition() string {
	switch {
	case strings.HasPrefix(i.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(i.Region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// ARN returns the ARN of a resource of this account and region, such as "thing/lamp" of service
// "iot".
func (i Identity) ARN(service, resource string) string {
	return "arn:" + i.Partition() + ":" + service + ":" + i.Region + ":" + i.Account + ":" + resource
}

func (st *State) identify(as Identity) { st.Identity, st.prefix = as, as.ARN("iot", "") }

func (st *State) arn(kind, name string) string { return st.prefix + kind + "/" + name }

// split returns kind and name from the ARN of a resource of this account and region.
func (st *State) split(arn string) (kind, name string, ok bool) {
	resource, ok := strings.CutPrefix(arn, st.prefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(resource, "/")
}

// certificate returns the certificate with a hexadecimal ID, in upper or lower case, or nil.
func (st *State) certificate(id string) *certificate {
	parsed, err := manifest.ParseCertificateID(id)
	if err != nil {
		return nil
	}
	return st.certificates.by[parsed]
}

func find[T any](of kind, by map[string]*T, name string) (*T, error) {
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

// lagging returns what lists show now.
func (st *State) lagging() view { return st.lag.view(time.Now().UnixMilli()) }

// title returns the name of the type, or "" if there is none.
func (t *thingType) title() string {
	if t == nil {
		return ""
	}
	return t.name
}

// title returns the name of the billing group, or "" if there is none.
func (b *billingGroup) title() string {
	if b == nil {
		return ""
	}
	return b.name
}

// AttachmentNames returns kind and name of everything that can be attached to a device, such as
// "policy sensors", in no particular order.
func (st *State) AttachmentNames() []string {
	var names []string
	for name := range st.policies.by {
		names = append(names, "policy "+name)
	}
	for name := range st.types.by {
		names = append(names, "thing type "+name)
	}
	for name := range st.groups.by {
		names = append(names, "thing group "+name)
	}
	for name := range st.billingGroups.by {
		names = append(names, "billing group "+name)
	}
	return names
}
