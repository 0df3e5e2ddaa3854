package material

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/google/uuid"
)

// An infineonFormat makes the certificates of one bundle of OPTIGA Trust M
// Express: one PEM file with CRLF per chip. E0E0 and E0E1 are P-256 keys under
// an issuer on P-384, E0E2 is RSA.
type infineonFormat struct {
	seed   seed
	bundle string
	kind   Key
	issuer *issuer
	id     []byte // key identifier of the issuer
	url    string // of the issuer, without its ending
}

func newInfineon(s seed, bundle string) (*infineonFormat, error) {
	f := &infineonFormat{seed: s, bundle: bundle, kind: EC, issuer: &issuer{hash: crypto.SHA384}, url: "https://pki.example.com/ThingpressTestEccCA306/ThingpressTestEccCA306"}
	number := "306"
	var err error
	if bundle == bundleE0E2 {
		number = "309"
		f.kind, f.issuer.hash, f.url = RSA, crypto.SHA256, strings.ReplaceAll(f.url, "EccCA306", "RsaCA309")
		f.issuer.key, err = s.deviceKey(RSA, "", 0)
	} else {
		f.issuer.key, err = s.ecKey(elliptic.P384(), "infineon ca", 0)
	}
	if err != nil {
		return nil, err
	}
	f.issuer.name = []attribute{country("DE"), testOrganization, unit("OPTIGA(TM)"), common(testMaterial + " OPTIGA(TM) Trust M CA " + number)}
	f.id, err = keyID(f.issuer.key.Public())
	return f, err
}

// An infineonEntry is a file in a bundle before it is written.
type infineonEntry struct {
	chip string
	// bundle is what the file's name says it is of.
	bundle string
	leaf   draft
	// text makes the file's content.
	text func(der []byte) []byte
}

func (f *infineonFormat) entry(i int) (*infineonEntry, crypto.Signer, error) {
	key, err := f.seed.deviceKey(f.kind, "infineon "+f.bundle, i)
	if err != nil {
		return nil, nil, err
	}
	id, err := keyID(key.Public())
	if err != nil {
		return nil, nil, err
	}
	e := &infineonEntry{chip: chipID(f.seed, i), bundle: f.bundle, text: pemCRLF}
	serial := binary.BigEndian.Uint32(f.seed.counter("infineon serial "+f.bundle, i))
	e.leaf = draft{
		serial:    new(big.Int).SetUint64(uint64(serial&0x3fffffff | 0x40000000)),
		subject:   []attribute{country("DE"), common(f.seed.hex("infineon name "+f.bundle, i, 32))},
		notBefore: notBefore, notAfter: notAfter,
		key:        key.Public(),
		extensions: []pkix.Extension{issuerURL(f.url + ".crt"), subjectKeyID(id), digitalSignatureByte(), basicConstraints(false), crlURL(f.url + ".crl")},
	}
	if f.bundle != bundleE0E2 {
		e.leaf.extensions = append(e.leaf.extensions, policies(asn1.ObjectIdentifier{1, 2, 276, 0, 68, 1, 20, 1}))
	}
	e.leaf.extensions = append(e.leaf.extensions, authorityKeyID(f.id))
	return e, key, nil
}

// chipID is the same in every bundle of a manifest.
func chipID(s seed, i int) string {
	return "0A09" + strings.ToUpper(s.hex("infineon chip", 0, 4)+hex.EncodeToString(s.counter("infineon chip", i)))
}

// reel returns the beginning of the names of the inner archives: reel ID and GUID.
func reel(s seed) (string, error) {
	guid, err := uuid.FromBytes(s.bytes("infineon guid", 0, 16))
	if err != nil {
		return "", err
	}
	guid[6], guid[8] = guid[6]&0x0f|0x40, guid[8]&0x3f|0x80 // version 4, RFC 9562
	return strings.ToUpper(s.hex("infineon reel", 0, 8)) + "_" + guid.String(), nil
}

func (f *infineonFormat) leaf(e *infineonEntry) *draft { return &e.leaf }

func (f *infineonFormat) render(e *infineonEntry) ([]byte, error) {
	der, err := f.issuer.issue(&e.leaf)
	if err != nil {
		return nil, err
	}
	return e.text(der), nil
}

// file is the name of an entry's file.
func (e *infineonEntry) file() string { return e.chip + "_" + e.bundle + ".pem" }

func pemCRLF(der []byte) []byte { return []byte(strings.ReplaceAll(pemText(der), "\n", "\r\n")) }
