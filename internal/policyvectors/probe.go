package policyvectors

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/policy"
)

// Prefix begins the names of everything that is created to ask AWS, and nothing else's.
const Prefix = "thingpress-vectors-"

// A Principal is a certificate and a thing that exist while AWS is asked. All names follow from the
// ID of the certificate, so that what a killed command left can be found by the name of any policy.
type Principal struct {
	ID   string // of the certificate, in hex
	PEM  string
	leaf *x509.Certificate
}

// NewPrincipal returns a certificate that has what most open questions about certificates need: a
// common name with two values, and a serial number that differs in hexadecimal and decimal. Nobody
// has its private key.
func NewPrincipal(now time.Time) (*Principal, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	commonName := asn1.ObjectIdentifier{2, 5, 4, 3}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x1a), NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 1),
		Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: commonName, Value: "b"}, {Type: commonName, Value: "a"}}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	return &Principal{
		ID: hex.EncodeToString(sum[:]), PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), leaf: leaf,
	}, nil
}

// Thing returns the name of the thing.
func (p *Principal) Thing() string { return Prefix + p.ID[:12] }

// Attributes returns the attributes of the thing.
func (p *Principal) Attributes() map[string]string { return map[string]string{"n": "a"} }

// PolicyName returns the name of a policy.
func (p *Principal) PolicyName(number int) string { return Prefix + p.ID + "-" + strconv.Itoa(number) }

// PrincipalOfPolicy returns the principal that a policy was created for, without its PEM. It reports
// false for other policies.
func PrincipalOfPolicy(name string) (*Principal, bool) {
	after, ok := strings.CutPrefix(name, Prefix)
	id, number, found := strings.Cut(after, "-")
	_, err := strconv.ParseUint(number, 10, 16)
	if sum, bad := hex.DecodeString(id); !ok || !found || err != nil || bad != nil || len(sum) != sha256.Size || id != strings.ToLower(id) {
		return nil, false
	}
	return &Principal{ID: id}, true
}

// An Obstacle is why AWS is not asked about a vector.
type Obstacle string

// The obstacles.
const (
	// ObstacleAction is an action that TestAuthorization does not know.
	ObstacleAction Obstacle = "action"
	// ObstacleContext is a connection of which TestAuthorization cannot be told: with a will, a
	// persistent session, an address, a host name, or over HTTP.
	ObstacleContext Obstacle = "context"
	// ObstacleRegistry is a vector that needs another certificate or thing, or another one besides.
	ObstacleRegistry Obstacle = "registry"
	// ObstacleCalls is a vector for which no calls are left.
	ObstacleCalls Obstacle = "calls"
)

// A Probe is how AWS is asked about vectors: policies, and requests that are decided as if one of
// them was attached.
type Probe struct {
	Documents []string
	Tests     []Test
	// Obstacles are the reasons why AWS is not asked about the other vectors, by their index.
	Obstacles map[int]Obstacle
}

// A Test is what one TestAuthorization asks.
type Test struct {
	Document int // index in Probe.Documents
	ClientID string
	// Exclusive is true if the certificate must be attached to the thing exclusively.
	Exclusive bool
	Asked     []Asked
}

// Asked is a request that stands for a vector.
type Asked struct {
	Vector  int // index in Decisions.Vectors
	Request policy.Request
}

// Calls returns the number of calls that it takes: two for each policy, one for each test, seven for
// certificate and thing, and two to attach them in another way.
func (p *Probe) Calls() int {
	documents, calls := map[int]bool{}, 7
	exclusive := false
	for _, t := range p.Tests {
		documents[t.Document], exclusive = true, exclusive || t.Exclusive
	}
	if exclusive {
		calls += 2
	}
	return calls + 2*len(documents) + len(p.Tests)
}

// PlanProbe plans to ask AWS, in an account and region, about as many vectors as a number of calls
// allows, first about those that are open.
//
// The documents of many vectors share a policy. Their topics get a level of their own in front, so
// that no statement can match a request of other documents, whatever AWS's answer to an open question
// is. Documents for which that is impossible get a policy of their own. AWS is asked about a vector
// only if the library answers the changed request as it answers the vector, with the same open
// questions.
func (d *Decisions) PlanProbe(to policy.Target, with *Principal, now time.Time, calls int) (*Probe, error) {
	p := &planner{
		decisions: d, target: to, principal: with, now: now,
		probe: &Probe{Obstacles: map[int]Obstacle{}}, certificate: policy.NewCertificate(with.leaf),
	}
	units, err := p.units()
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		if !p.place(u) {
			for _, asked := range u.asked {
				p.probe.Obstacles[asked.Vector] = ObstacleRegistry
			}
		}
	}
	p.choose(calls)
	return p.probe, nil
}
