package material

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"math/big"
	"strings"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// A defect makes a good entry faulty or odd.
type defect[E entry] struct {
	// name describes the defect for tests.
	name string
	// reason is the code of the rejection; empty if the entry is odd but accepted.
	reason manifest.Reason
	alter  func(e E, c craft)
}

// A craft provides keys and numbers for a defect.
type craft struct {
	seed  seed
	index int
}

func (c craft) bytes(n int) []byte { return c.seed.bytes("defect bytes", c.index, n) }

func (c craft) ecKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	return c.seed.ecKey(curve, "defect "+curve.Params().Name, c.index)
}

// defectsOf returns the defects of a source's entries and those of their certificates.
func defectsOf[E entry](s source[E]) []defect[E] {
	all := s.defects()
	for _, d := range leafDefects() {
		all = append(all, defect[E]{d.name, d.reason, func(e E, c craft) { d.alter(e.leaf(), c) }})
	}
	return all
}

// leafDefects returns the defects that a certificate of any vendor may have.
func leafDefects() []defect[*draft] {
	subject := func(names ...string) func(*draft, craft) {
		return func(d *draft, _ craft) { d.setCommonNames(names...) }
	}
	years := func(from, to int) func(*draft, craft) {
		return func(d *draft, _ craft) {
			d.notBefore, d.notAfter = d.notBefore.AddDate(from, 0, 0), d.notBefore.AddDate(to, 0, 0)
		}
	}
	return []defect[*draft]{
		{"expired", manifest.ReasonExpired, years(-20, -1)},
		{"ends before it begins", manifest.ReasonBadValidity, years(40, 20)},
		{"CA", manifest.ReasonCACertificate, func(d *draft, _ craft) { d.replace(basicConstraints(true)) }},
		{"may sign certificates", manifest.ReasonCACertificate, func(d *draft, _ craft) { d.replace(keyUsage(x509.KeyUsageCertSign)) }},
		{"RSA of 1024 bits", manifest.ReasonUnsupportedKey, func(d *draft, c craft) { d.key = UnfactoredRSA(c.bytes(128)) }},
		{"key on P-224", manifest.ReasonUnsupportedKey, func(d *draft, c craft) { d.key = c.ecKey(elliptic.P224()).Public() }},
		{"Ed25519", manifest.ReasonUnsupportedKey, func(d *draft, c craft) { d.key = ed25519.PublicKey(c.bytes(ed25519.PublicKeySize)) }},
		{"SHA-1", manifest.ReasonUnsupportedSigAlg, func(d *draft, _ craft) { d.hash = crypto.SHA1 }},
		{"no common name", manifest.ReasonNoName, subject()},
		{"two common names", manifest.ReasonNoName, subject("first", "second")},
		{"name with a space", manifest.ReasonBadName, subject("0123EE22 ATECC")},
		{"name that climbs", manifest.ReasonBadName, subject("../../etc/passwd")},
		{"name of 129 characters", manifest.ReasonBadName, subject(strings.Repeat("n", 129))},
		{"byte after the certificate", manifest.ReasonBadCertificate, spoil(func(der []byte) []byte { return append(der, 0) })},
		{"cut certificate", manifest.ReasonBadCertificate, spoil(func(der []byte) []byte { return der[:len(der)-9] })},
		{"negative serial number", "", func(d *draft, _ craft) { d.serial = new(big.Int).Neg(d.serial) }},

		{"valid from next century", "", func(d *draft, _ craft) {
			d.notBefore, d.notAfter = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)
		}},
		{"valid for ever", "", func(d *draft, _ craft) { d.notAfter = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }},
		{"no client authentication", "", func(d *draft, _ craft) { d.replace(extKeyUsage(emailProtection)) }},
		{"serial number zero", "", func(d *draft, _ craft) { d.serial = new(big.Int) }},
		{"key on P-384", "", func(d *draft, c craft) { d.key = c.ecKey(elliptic.P384()).Public() }},
	}
}

func spoil(change func(der []byte) []byte) func(*draft, craft) {
	return func(d *draft, _ craft) { d.spoil = change }
}
