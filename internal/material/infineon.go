package material

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"
)

var infineonFormat = Format{Name: "infineon", Bundles: []string{bundleE0E0, bundleE0E1, bundleE0E2}, write: writeReel}

// Certificate objects of a chip.
const (
	bundleE0E0 = "E0E0"
	bundleE0E1 = "E0E1"
	bundleE0E2 = "E0E2"
)

// An infineonSource makes the certificates of one bundle of OPTIGA Trust M
// Express: one PEM file with CRLF per chip. E0E0 and E0E1 have P-256 keys and an
// issuer on P-384, E0E2 has RSA keys.
type infineonSource struct {
	seed   seed
	bundle string
	kind   Key
	issuer *issuer
	url    string // of the issuer, without its ending
}

func newInfineon(s seed, bundle string) source[*infineonEntry] {
	f := &infineonSource{seed: s, bundle: bundle, kind: EC, issuer: &issuer{hash: crypto.SHA384}}
	number := "306"
	if bundle == bundleE0E2 {
		number, f.kind, f.issuer.hash = "309", RSA, crypto.SHA256
		f.issuer.key = s.deviceKey(RSA, "", 0)
		f.url = "https://pki.example.com/ThingpressTestRsaCA309/ThingpressTestRsaCA309"
	} else {
		f.issuer.key = s.ecKey(elliptic.P384(), "infineon ca", 0)
		f.url = "https://pki.example.com/ThingpressTestEccCA306/ThingpressTestEccCA306"
	}
	f.issuer.name = []attribute{country("DE"), testOrganization, unit("OPTIGA(TM)"), common(testMaterial + " OPTIGA(TM) Trust M CA " + number)}
	return f
}

// An infineonEntry is an unwritten file in a bundle.
type infineonEntry struct {
	draft
	chip string
	// bundle is the bundle in the file's name.
	bundle string
	// text makes the file's content.
	text func(der []byte) []byte
}

func (f *infineonSource) entry(i int) (*infineonEntry, crypto.Signer) {
	key := f.seed.deviceKey(f.kind, "infineon "+f.bundle, i)
	serial := binary.BigEndian.Uint32(f.seed.counter("infineon serial "+f.bundle, i))
	e := &infineonEntry{chip: chipID(f.seed, i), bundle: f.bundle, text: pemCRLF, draft: newDraft(
		new(big.Int).SetUint64(uint64(serial&0x3fffffff|0x40000000)),
		[]attribute{country("DE"), common(f.seed.hex("infineon name "+f.bundle, i, 32))}, key.Public(),
		issuerURL(f.url+".crt"), subjectKeyID(key.Public()), digitalSignatureByte(), basicConstraints(false), crlURL(f.url+".crl"),
	)}
	if f.bundle != bundleE0E2 {
		e.extensions = append(e.extensions, policies(asn1.ObjectIdentifier{1, 2, 276, 0, 68, 1, 20, 1}))
	}
	e.extensions = append(e.extensions, authorityKeyID(f.issuer.key.Public()))
	return e, key
}

// chipID returns the ID of chip i, which is the same in every bundle of a manifest.
func chipID(s seed, i int) string {
	return "0A09" + strings.ToUpper(s.hex("infineon chip", 0, 4)+hex.EncodeToString(s.counter("infineon chip", i)))
}

func (f *infineonSource) render(e *infineonEntry) []byte { return e.text(f.issuer.issue(&e.draft)) }

// file returns the name of an entry's file.
func (e *infineonEntry) file() string { return e.chip + "_" + e.bundle + ".pem" }

func pemCRLF(der []byte) []byte { return CRLF(PEM(der)) }

// CRLF returns text with Windows line ends.
func CRLF(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }
