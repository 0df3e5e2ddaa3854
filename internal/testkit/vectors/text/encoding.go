package main

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"
)

var secp256k1 = asn1.ObjectIdentifier{1, 3, 132, 0, 10}

// encodingFaults returns the parts of rows X6, X8 and X9 about encodings that RFC
// 5280 forbids to authorities and asks readers to accept.
func encodingFaults() []*vector {
	serial := func(content ...byte) []byte {
		return reserialized(element(0x02, content))
	}
	bad := func(name, note string, der []byte, detail string) *vector {
		return one(name, "E", note, der, rejected("bad-certificate", detail))
	}
	odd := func(name, note string, der []byte, warning string) *vector {
		return one(name, "W", note, der, device(m0.cn, m0.cn, warning))
	}
	negative := odd("x09-negative-serial-named", "the template {serial} shows the sign", serial(0xfb), "odd-serial")
	negative.Options.ThingName = "{serial}"
	negative.Entries[0].ThingName = "-5"
	negative.Entries[1].ThingName = m1.cert.SerialNumber.Text(16)
	return []*vector{
		odd("x09-negative-serial", "RFC 5280 forbids it to authorities (4.1.2.2) and asks readers to cope", serial(0xfb), "odd-serial"),
		negative,
		odd("x09-negative-serial-long", "sixteen bytes, as random numbers without a leading zero have",
			serial(append([]byte{0x9f}, make([]byte, 15)...)...),
			"odd-serial"),
		odd("x09-negative-serial-128", "one byte, the lowest", serial(0x80), "odd-serial"),
		odd("x09-negative-serial-minus-1", "one byte, the highest", serial(0xff), "odd-serial"),
		bad("x09-negative-serial-padded", "a byte more than DER allows", serial(0xff, 0xfb), "serial number"),
		bad("x09-empty-serial", "no number at all", serial(), "serial number"),
		list("x09-negative-serial-of-issuer", "N", "the issuer of an entry has one",
			m0.pem()+pemOf(negativeIssuer())+m1.pem(), m0.byCN(), m1.byCN()),
		odd("x06-universal-string", "RFC 5280 forbids the type for new names (4.1.2.4) and asks readers to accept it",
			name(universalString, wide(m0.cn)),
			"odd-encoding"),
		odd("x06-universal-string-of-issuer", "the same in the name of the issuer", universalIssuer(), "odd-encoding"),
		bad("x06-universal-string-surrogate", "half a character of UTF-16", name(universalString, "\x00\x00\xd8\x00"), "string type"),
		bad("x06-universal-string-cut", "not four bytes a character", name(universalString, "\x00\x00\x00"), "string type"),
		odd("x06-universal-string-and-negative-serial", "both in one certificate",
			rebuilt(func(t *tbs) { t.Serial = big.NewInt(-5); t.Subject = universalName(m0.cn) }), "odd-serial").also("odd-encoding"),
	}
}

// also expects another warning for the first entry.
func (v *vector) also(warning string) *vector {
	v.Entries[0].Warnings = append(v.Entries[0].Warnings, warning)
	return v
}

// reserialized returns module 0's certificate with another encoding of its serial
// number. The signature is that of the original, which nobody can check.
func reserialized(serial []byte) []byte {
	var whole struct {
		Signed               asn1.RawValue
		Algorithm, Signature asn1.RawValue
	}
	_, err := asn1.Unmarshal(m0.cert.Raw, &whole)
	must(err)
	var version, number asn1.RawValue
	rest, err := asn1.Unmarshal(whole.Signed.Bytes, &version)
	must(err)
	rest, err = asn1.Unmarshal(rest, &number)
	must(err)
	signed := element(0x30, slices.Concat(version.FullBytes, serial, rest))
	return element(0x30, slices.Concat(signed, whole.Algorithm.FullBytes, whole.Signature.FullBytes))
}

// version1 returns module 0's certificate without version and extensions.
func version1(serial int64) []byte {
	signed := rebuilt(func(t *tbs) { t.Serial, t.Extensions = big.NewInt(serial), asn1.RawValue{} })
	var whole struct {
		Signed               asn1.RawValue
		Algorithm, Signature asn1.RawValue
	}
	_, err := asn1.Unmarshal(signed, &whole)
	must(err)
	var version asn1.RawValue
	rest, err := asn1.Unmarshal(whole.Signed.Bytes, &version)
	must(err)
	return element(0x30, slices.Concat(element(0x30, rest), whole.Algorithm.FullBytes, whole.Signature.FullBytes))
}

// negativeIssuer returns the issuer's certificate with a negative serial number.
func negativeIssuer() []byte {
	var t tbs
	_, err := asn1.Unmarshal(issuer.RawTBSCertificate, &t)
	must(err)
	t.Serial = big.NewInt(-77)
	signature, err := asn1.Marshal(asn1.BitString{Bytes: issuer.Signature, BitLength: 8 * len(issuer.Signature)})
	must(err)
	return element(0x30, slices.Concat(marshal(t), t.Algorithm.FullBytes, signature))
}

const universalString = 0x1c

// wide returns text with four bytes a character.
func wide(text string) string {
	var b []byte
	for _, r := range text {
		b = append(b, 0, byte(r>>16), byte(r>>8), byte(r))
	}
	return string(b)
}

func universalName(text string) asn1.RawValue {
	value := append(marshal(asn1.ObjectIdentifier{2, 5, 4, 3}), element(universalString, []byte(wide(text)))...)
	return asn1.RawValue{FullBytes: element(0x30, element(0x31, element(0x30, value)))}
}

func universalIssuer() []byte {
	return rebuilt(func(t *tbs) { t.Issuer = universalName("Thingpress Test CA") })
}

// keyInfo replaces module 0's public key.
func keyInfo(algorithm, key []byte) []byte {
	bits := marshal(asn1.BitString{Bytes: key, BitLength: 8 * len(key)})
	return rebuilt(func(t *tbs) { t.Key = asn1.RawValue{FullBytes: element(0x30, append(algorithm, bits...))} })
}

// longExponent returns a certificate with a key whose exponent has 2047 bits.
func longExponent() []byte {
	key := rsaKey(2048, 3)
	exponent := new(big.Int).Rsh(key.N, 1)
	exponent.SetBit(exponent, 0, 1)
	algorithm := element(0x30, append(marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}), 0x05, 0))
	return keyInfo(algorithm, element(0x30, append(marshal(key.N), marshal(exponent)...)))
}

// explicitCurve returns a certificate whose key spells out the parameters of P-256
// (SEC 1, C.2) in the place of its name.
func explicitCurve() []byte {
	p := m0.key.Params()
	number := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
	field := element(0x30, append(marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 1, 1}), marshal(p.P)...))
	a := new(big.Int).Sub(p.P, big.NewInt(3))
	coefficients := element(0x30, append(element(0x04, number(a)), element(0x04, number(p.B))...))
	base := element(0x04, slices.Concat([]byte{4}, number(p.Gx), number(p.Gy)))
	parameters := element(0x30, slices.Concat(marshal(1), field, coefficients, base, marshal(p.N), marshal(1)))
	algorithm := element(0x30, append(marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}), parameters...))
	point, err := m0.key.PublicKey.Bytes()
	must(err)
	return keyInfo(algorithm, point)
}

// request returns a certificate signing request of module 0.
func request() []byte {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: m0.cn}},
		deterministic{m0.key})
	must(err)
	return der
}

// revoked returns an empty revocation list.
func revoked() []byte {
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), NextUpdate: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}, issuer, deterministic{issuerKey})
	must(err)
	return der
}
