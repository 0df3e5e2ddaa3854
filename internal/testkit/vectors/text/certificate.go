package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// one returns a new vector of a certificate, in a PEM file followed by a good one.
func one(name, outcome, note string, der []byte, expect entry) *vector {
	return vec("generated", name, outcome, note, []byte(pemOf(der)+m1.pem()), expect, m1.byCN())
}

// deterministic signs without randomness (RFC 6979).
type deterministic struct{ key *ecdsa.PrivateKey }

func (d deterministic) Public() crypto.PublicKey { return &d.key.PublicKey }
func (d deterministic) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return d.key.Sign(nil, digest, o)
}

// A tbs is the signed part of a certificate (RFC 5280, 4.1). Its parts can be
// replaced by what crypto/x509 would not write.
type tbs struct {
	Version    int `asn1:"explicit,tag:0"`
	Serial     *big.Int
	Algorithm  asn1.RawValue
	Issuer     asn1.RawValue
	Validity   asn1.RawValue
	Subject    asn1.RawValue
	Key        asn1.RawValue
	Extensions asn1.RawValue `asn1:"optional"`
}

// rebuilt returns module 0's certificate with changes, signed again.
func rebuilt(change func(*tbs)) []byte {
	var t tbs
	_, err := asn1.Unmarshal(m0.cert.RawTBSCertificate, &t)
	must(err)
	change(&t)
	raw := marshal(t)
	digest := sha256.Sum256(raw)
	signature, err := issuerKey.Sign(nil, digest[:], crypto.SHA256)
	must(err)
	bits := marshal(asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)})
	return element(0x30, slices.Concat(raw, t.Algorithm.FullBytes, bits))
}

func withKey(label string, key crypto.PublicKey) []byte {
	return materialtest.Certificate(&x509.Certificate{
		Subject: pkix.Name{Organization: []string{"Thingpress Test"}, CommonName: m0.cn}, BasicConstraintsValid: true,
		SubjectKeyId: materialtest.Bytes(label, 20),
	}, issuer, key, issuerKey).Raw
}

// rsaKey returns a public key without a private one.
func rsaKey(bits int, exponent int64) *rsa.PublicKey {
	key := material.UnfactoredRSA(materialtest.Bytes(fmt.Sprint("modulus ", bits), bits/8))
	key.E = int(exponent)
	return key
}

// curve sets the name of another curve and a point of a given size in the certificate.
func curve(oid asn1.ObjectIdentifier, size int) []byte {
	return rebuilt(func(t *tbs) {
		algorithm := element(0x30, slices.Concat(marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}), marshal(oid)))
		point := append([]byte{4}, materialtest.Bytes("point", 2*size)...)
		t.Key = asn1.RawValue{FullBytes: element(0x30, append(algorithm, marshal(asn1.BitString{Bytes: point, BitLength: 8 * len(point)})...))}
	})
}

func signedWith(oid asn1.ObjectIdentifier) []byte {
	return rebuilt(func(t *tbs) { t.Algorithm = asn1.RawValue{FullBytes: element(0x30, marshal(oid))} })
}

func date(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }

// keyVectors returns rows X1 to X5.
func keyVectors() []*vector {
	edKey := ed25519.NewKeyFromSeed(materialtest.Bytes("ed25519", 32)).Public()
	p384, p521, p224 := materialtest.KeyOn(elliptic.P384(), "p384"), materialtest.KeyOn(elliptic.P521(),
		"p521"), materialtest.KeyOn(elliptic.P224(), "p224")
	changed := func(change func(*x509.Certificate)) []byte { return leaf(m0.cn, m0.key, change).Raw }
	bad := func(name, note string, der []byte, reason, detail string) *vector {
		return one(name, "E", note, der, rejected(reason, detail))
	}
	expired := changed(func(t *x509.Certificate) { t.NotBefore, t.NotAfter = date(2019), date(2020) })
	return []*vector{
		bad("x01-rsa-512", "a key that is broken in an afternoon", withKey("512", rsaKey(512, 65537)), "unsupported-key", "512 bits"),
		bad("x01-rsa-1024", "a key that AWS IoT refuses", withKey("1024", rsaKey(1024, 65537)), "unsupported-key", "1024 bits"),
		one("x01-rsa-2048", "N", "the shortest key that AWS IoT takes", withKey("2048", rsaKey(2048, 65537)), m0.byCN()),
		bad("x01-rsa-exponent-1", "anybody can sign for this key", withKey("e1", rsaKey(2048, 1)), "unsupported-key", "public exponent 1"),
		bad("x01-p192", "a short curve", curve(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 1}, 24), "unsupported-key", "elliptic curve"),
		bad("x01-p224", "a curve that AWS IoT does not take", withKey("p224", &p224.PublicKey), "unsupported-key", "P-224"),
		bad("x01-secp256k1", "Bitcoin's curve", curve(secp256k1, 32), "unsupported-key", "elliptic curve"),
		bad("x01-brainpool", "brainpoolP256r1", curve(asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}, 32), "unsupported-key",
			"elliptic curve"),
		bad("x01-ed25519", "a type of key that AWS IoT does not take", withKey("ed25519", edKey), "unsupported-key", "Ed25519"),
		one("x01-p384", "N", "a curve that AWS IoT takes", withKey("p384", &p384.PublicKey), m0.byCN()),
		one("x01-p521", "N", "a curve that AWS IoT takes", withKey("p521", &p521.PublicKey), m0.byCN()),
		bad("x02-sha1", "ECDSA with SHA-1", signedWith(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}), "unsupported-signature-algorithm",
			"ECDSA-SHA1"),
		bad("x02-md5", "RSA with MD5", signedWith(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}), "unsupported-signature-algorithm",
			"MD5-RSA"),
		bad("x03-expired", "the validity has ended; the catalogue warns, DESIGN rejects", expired, "expired", "expired on"),
		one("x03-expired-allowed", "W", "the same, taken on request", expired, device(m0.cn, m0.cn, "expired")).
			with(func(o *options) { o.AllowExpired = true }),
		one("x03-not-yet-valid", "W", "a clock in the factory may be ahead", changed(func(t *x509.Certificate) { t.NotBefore = date(2052) }),
			device(m0.cn, m0.cn, "not-yet-valid")),
		one("x03-year-9999", "N", "no expiry, as RFC 5280 writes it", changed(func(t *x509.Certificate) {
			t.NotAfter = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
		}), m0.byCN()),
		bad("x03-ends-before-it-begins", "the validity is empty",
			changed(func(t *x509.Certificate) { t.NotBefore, t.NotAfter = date(2050), date(2049) }), "bad-validity", "before it begins"),
		bad("x04-ca", "basic constraints say CA", changed(func(t *x509.Certificate) { t.IsCA = true }), "ca-certificate",
			"certification authority"),
		bad("x04-may-sign", "the key may sign certificates",
			changed(func(t *x509.Certificate) { t.KeyUsage = x509.KeyUsageCertSign; t.BasicConstraintsValid = false }), "ca-certificate",
			"certification authority"),
		bad("x04-root", "a self-signed root in the list", otherCA.Raw, "ca-certificate", "certification authority"),
		one("x05-server-only", "W", "extended key usage without client authentication", changed(func(t *x509.Certificate) {
			t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}), device(m0.cn, m0.cn, "no-client-auth")),
		one("x05-client", "N", "extended key usage with it", changed(func(t *x509.Certificate) {
			t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}), m0.byCN()),
	}
}

// name returns module 0's certificate with a subject of common names, each given
// as a string type's tag and text.
func name(parts ...any) []byte {
	return rebuilt(func(t *tbs) {
		var rdns []byte
		for i := 0; i < len(parts); i += 2 {
			value := element(byte(parts[i].(int)), []byte(parts[i+1].(string)))
			rdns = append(rdns, element(0x31, element(0x30, append(marshal(asn1.ObjectIdentifier{2, 5, 4, 3}), value...)))...)
		}
		t.Subject = asn1.RawValue{FullBytes: element(0x30, rdns)}
	})
}

const (
	utf8String      = 0x0c
	printableString = 0x13
	bmpString       = 0x1e
)

// nameVectors returns rows X6 to X8.
func nameVectors() []*vector {
	bad := func(file, note string, der []byte, reason, detail string) *vector {
		return one(file, "E", note, der, rejected(reason, detail))
	}
	long := strings.Repeat("n", 129)
	return []*vector{
		bad("x06-no-cn", "nothing to name the thing by", name(), "no-name", "no common name"),
		one("x06-no-cn-template", "N", "the same, with a template that does not need it", name(), device("", "0000")).serialName(name()),
		bad("x06-empty-cn", "an empty name", name(utf8String, ""), "no-name", "no common name"),
		bad("x06-two-cn", "two names", name(utf8String, m0.cn, utf8String, "other"), "no-name", "2 common names"),
		bad("x06-129-characters", "one more than AWS IoT takes", name(utf8String, long), "bad-name", "1 to 128"),
		one("x06-128-characters", "N", "as many as AWS IoT takes", name(utf8String, long[1:]), device(long[1:], long[1:])),
		bad("x06-space", "a blank", name(utf8String, "device 1"), "bad-name", "AWS IoT takes"),
		bad("x06-look-alike", "a Cyrillic letter that looks like a Latin one", name(utf8String, "dеvice"), "bad-name", `d\u0435vice`),
		bad("x06-control", "a control character that would steer a terminal", name(utf8String, "device\x1b[2J"), "bad-name", `device\x1b[2J`),
		bad("x06-reserved", "$aws is reserved, and a dollar sign is not taken", name(utf8String, "$aws"), "bad-name", "AWS IoT takes"),
		bad("x06-slash", "a slash", name(utf8String, "../../device"), "bad-name", "AWS IoT takes"),
		templated("x06-mapped", "N", "a template that replaces characters", "{cn|replace: /:_}", name(utf8String, "device 1/2"),
			device("device 1/2", "device_1_2")),
		templated("x06-mapped-braces", "N", "the same with characters that need a backslash", `{cn|replace:{\}\|\\:|upper}`,
			name(utf8String, `{a|b\c}`), device(`{a|b\c}`, "ABC")),
		templated("x06-mapped-too-long", "E", "the replacement makes the name too long", "{cn|replace:n:long}", name(utf8String, long[1:]),
			rejected("bad-name", "1 to 128")),
		templated("x06-colons", "N", "the bytes of a key identifier", "{ski|lower|colons|replace:::-}", san(), device("", "0a-bc")),
		templated("x06-colons-without-bytes", "E", "a name that is not hex has no bytes", "{cn|colons}", name(utf8String, "device"),
			rejected("bad-name", "pairs of hex digits")),
		templated("x06-san", "N", "a certificate without a CN is named by its DNS name", "{san.dns|replace:.:-}", san("d1.example"),
			device("", "d1-example")),
		templated("x06-two-san", "E", "two DNS names leave it open", "{san.dns}", san("d1.example", "d2.example"),
			rejected("no-name", "2 values of {san.dns}")),
		templated("x06-san-control", "E", "a control character in a DNS name is never replaced", "{san.dns}", san("d1\x1b[2J"),
			rejected("bad-name", `d1\x1b[2J`)),
		templated("x06-subject", "N", "an attribute of the subject", "{subject.o|replace: :_}", san(), device("", "Thingpress_Test")),
		one("x06-bmp-string", "N", "an old type of string with a common name in it", name(bmpString, "\x00d\x00e\x00v\x00i\x00c\x00e\x00-\x001"),
			device("device-1", "device-1")),
		one("x06-colon", "W", "AWS takes colons and advises against them", name(printableString, "a:b"),
			device("a:b", "a:b", "discouraged-name")),
		vec("generated", "x07-case", "N", "names that differ by case are different things in AWS IoT; nothing is changed, so nothing can collide",
			[]byte(pemOf(name(utf8String, "device"))+pemOf(name(utf8String, "DEVICE"))), device("device", "device"), device("DEVICE", "DEVICE")),
		vec("generated", "x08-twice", "N", "decoders do not judge repetitions, the import does: it skips entry 1",
			[]byte(m0.pem()+m0.pem()), m0.byCN(), m0.byCN()),
	}
}

// templated returns a vector whose template is not the usual one.
func templated(file, outcome, note, template string, der []byte, expected entry) *vector {
	v := vec("generated", file, outcome, note, []byte(pemOf(der)), expected)
	return v.with(func(o *options) { o.ThingName = template })
}

// san returns a certificate without a CN, with DNS names.
func san(names ...string) []byte {
	return leaf("", m0.key, func(c *x509.Certificate) { c.DNSNames, c.SubjectKeyId = names, []byte{0x0a, 0xbc} }).Raw
}

// serialName expects things named by serial number.
func (v *vector) serialName(der []byte) *vector {
	certificate, err := x509.ParseCertificate(der)
	must(err)
	v.Options.ThingName = "{serial}"
	v.Entries[0].ThingName = certificate.SerialNumber.Text(16)
	v.Entries[1].ThingName = m1.cert.SerialNumber.Text(16)
	return v
}

// formVectors returns rows X9, X10 and X12.
func formVectors() []*vector {
	serial := func(n *big.Int) []byte { return rebuilt(func(t *tbs) { t.Serial = n }) }
	bad := func(file, note string, der []byte, reason, detail string) *vector {
		return one(file, "E", note, der, rejected(reason, detail))
	}
	raw := m0.cert.Raw
	ber := append([]byte{0x30, 0x83, 0x00}, raw[2:]...)
	indefinite := append(append([]byte{0x30, 0x80}, raw[4:]...), 0, 0)
	huge := leaf(m0.cn, m0.key, func(t *x509.Certificate) {
		for i := range 2500 {
			t.DNSNames = append(t.DNSNames, fmt.Sprintf("name-%04d.device.example.com", i))
		}
	})
	return []*vector{
		one("x09-zero-serial", "W", "RFC 5280 wants a positive number", serial(big.NewInt(0)), device(m0.cn, m0.cn, "odd-serial")),
		one("x09-long-serial", "W", "21 bytes where 20 are allowed", serial(new(big.Int).Lsh(big.NewInt(1), 163)),
			device(m0.cn, m0.cn, "odd-serial")),
		bad("x10-trailing-byte", "a byte follows the certificate", append(append([]byte(nil), raw...), 0), "bad-certificate", "trailing"),
		bad("x10-ber-length", "a length that is longer than it needs to be", ber, "bad-certificate", "parse certificate"),
		bad("x10-indefinite-length", "BER's indefinite length", indefinite, "bad-certificate", "parse certificate"),
		bad("x10-not-a-certificate", "base64 of something else", []byte("not a certificate"), "bad-certificate", "parse certificate"),
		bad("x12-huge", "longer than AWS IoT takes", huge.Raw, "entry-too-large", "65536 characters"),
		vec("generated", "x12-line", "E", "the same as a line", []byte(base64.StdEncoding.EncodeToString(huge.Raw)+"\n"+m1.der64()+"\n"),
			rejected("entry-too-large", "65536 characters"), m1.byCN()),
	}
}
