package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// registry is the state: what a journal replays to. All of it is guarded by
// Server.mu. It is kept small, since a million devices must fit: certificates as
// DER, attributes as a slice whose names are shared.
type registry struct {
	id, account, region string
	seq                 uint64 // of the last change

	certificates  map[[sha256.Size]byte]*certificate
	things        map[string]*thing
	policies      map[string]*policy
	types         map[string]*thingType
	groups        map[string]*group
	billingGroups map[string]*billingGroup

	certificateList  series[*certificate]
	thingList        series[*thing]
	policyList       series[*policy]
	typeList         series[*thingType]
	groupList        series[*group]
	billingGroupList series[*billingGroup]

	names map[string]string // attribute names, each kept once
	lag   lag
}

type certificate struct {
	id                [sha256.Size]byte
	seq               uint64
	der               string
	created, modified int64 // Unix milliseconds
	version           uint32
	status            status
	things            series[*attachment]
	policies          series[*policy]
}

type thing struct {
	name       string
	id         uuid.UUID
	seq        uint64
	version    int64
	kind       *thingType
	billing    *billingGroup
	billingSeq uint64
	attributes []attribute // sorted by name
	principals series[*attachment]
	groups     series[*group]
}

type attribute struct{ name, value string }

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
	arn(r *registry) string
	attached() *series[*policy]
	// room is the number of policies that it takes.
	room() int
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

func newRegistry() *registry {
	return &registry{
		certificates:  map[[sha256.Size]byte]*certificate{},
		things:        map[string]*thing{},
		policies:      map[string]*policy{},
		types:         map[string]*thingType{},
		groups:        map[string]*group{},
		billingGroups: map[string]*billingGroup{},
		names:         map[string]string{},
	}
}

func (r *registry) arn(kind, name string) string {
	return "arn:" + partition(r.region) + ":iot:" + r.region + ":" + r.account + ":" + kind + "/" + name
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// split takes an ARN of this account and region apart.
func (r *registry) split(arn string) (kind, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:"+partition(r.region)+":iot:"+r.region+":"+r.account+":")
	if !ok {
		return "", "", false
	}
	return cut(rest)
}

func cut(s string) (kind, name string, ok bool) { return strings.Cut(s, "/") }

func (c *certificate) hexID() string { return hex.EncodeToString(c.id[:]) }

func (c *certificate) arn(r *registry) string { return r.arn("cert", c.hexID()) }

func (c *certificate) attached() *series[*policy] { return &c.policies }

func (c *certificate) room() int { return maxPoliciesPerCertificate }

func (g *group) arn(r *registry) string { return r.arn("thinggroup", g.name) }

func (g *group) attached() *series[*policy] { return &g.policies }

func (g *group) room() int { return maxPoliciesPerGroup }

func (g *group) dynamic() bool { return g.query != "" }

func (g *group) root() *group {
	for g.parent != nil {
		g = g.parent
	}
	return g
}

// ancestors are the groups above, the root first.
func (g *group) ancestors() []*group {
	var above []*group
	for g = g.parent; g != nil; g = g.parent {
		above = append(above, g)
	}
	slices.Reverse(above)
	return above
}

func (t *thing) attribute(name string) (string, bool) {
	i, ok := slices.BinarySearchFunc(t.attributes, name, func(a attribute, name string) int { return strings.Compare(a.name, name) })
	if !ok {
		return "", false
	}
	return t.attributes[i].value, true
}

func (t *thing) attributeMap() map[string]string {
	m := make(map[string]string, len(t.attributes))
	for _, a := range t.attributes {
		m[a.name] = a.value
	}
	return m
}

// lookUp finds a certificate by its hexadecimal ID, in upper or lower case.
func (r *registry) lookUp(id string) *certificate {
	var key [sha256.Size]byte
	if len(id) != hex.EncodedLen(len(key)) {
		return nil
	}
	if _, err := hex.Decode(key[:], []byte(id)); err != nil {
		return nil
	}
	return r.certificates[key]
}
