package main

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// part returns a certificate with its label.
func part(label, text string) string {
	return fmt.Sprintf(`{"certificateLabel":%q,"certificate":%q}`, label, text)
}

func parts(all ...string) string { return "[" + strings.Join(all, ",") + "]" }

// nxpEntry returns a device of EdgeLock 2GO.
func nxpEntry(id, certificates, issuers string) string {
	return fmt.Sprintf(`{"deviceId":%s,"deviceCertificates":%s,"intermediateCAs":%s}`, id, certificates, issuers)
}

// nxpVectors are those of NXP's JSON.
func nxpVectors() []*vector {
	m, other := modules[0], modules[1]
	uid, ca := `"00123456789012345678901234567890"`, parts(part("CA", derText(issuer.Raw)))
	const id = "123456789012345678901234567890" // beyond 64 bits
	attest := part("NXP_DIE_Attest_AUTH_CERT", other.der64())
	good := nxpEntry(uid, parts(attest, part("AWS", m.der64())), ca)
	array := func(entries ...string) []byte { return []byte("[" + strings.Join(entries, ",\n") + "]\n") }
	is := device(id, m.cn)
	nxp := func(name, outcome, note string, data []byte, expect ...any) *vector {
		return vec("nxp", name, outcome, note, data, expect...)
	}
	label := func(text string) func(*options) { return func(o *options) { o.Label = text } }
	second := nxpEntry(`"7"`, parts(part("AWS", other.der64())), ca)
	two := nxpEntry(uid, parts(part("TLS", m.der64()), part("OTHER", other.der64())), ca)
	return []*vector{
		nxp("n01-array", "N", "an array of devices; leading zeros of the UID do not count", array(good, second), is, device("7", other.cn)),
		nxp("n01-object", "N", "one device that is not in an array", []byte(good), is),
		nxp("n01-lines", "N", "JSON Lines", []byte(good+"\n"+second+"\n"), is.On(1), device("7", other.cn).On(2)),
		nxp("n01-number", "N", "the UID is a number that has more digits than a float keeps",
			array(nxpEntry(id, parts(part("A", m.der64())), ca)), is),
		nxp("n01-no-id", "N", "without an ID, which NXP's published code does not read, the CN counts",
			array(`{"deviceCertificates":`+parts(part("A", m.der64()))+`,"intermediateCAs":`+ca+`}`), device(m.cn, m.cn)),
		nxp("n02-attestation-only", "E", "NXP's own certificates are not for connecting", array(nxpEntry(uid, parts(attest), ca)),
			rejected("no-certificate", "NXP_DIE_Attest_AUTH_CERT")),
		nxp("n02-none", "E", "a device without certificates is rejected, the next one is read", array(nxpEntry(uid, "[]", ca), second),
			rejected("no-certificate", ""), device("7", other.cn)),
		nxp("n03-two-labels", "E", "two of the customer's labels, and nothing chooses", array(two), rejected("label-required", "TLS")),
		nxp("n03-chosen", "N", "the label chooses", array(two), is).with(label("TLS")),
		nxp("n03-unknown-label", "E", "no certificate has the label", array(two), rejected("no-certificate", "TLS")).with(label("tls")),
		nxp("n03-label-twice", "E", "two certificates have the label",
			array(nxpEntry(uid, parts(part("A", m.der64()), part("A", other.der64())), ca)),
			rejected("several-certificates", "")).with(label("A")),
		nxp("n04-mixed-encodings", "N", "PEM and base64 of DER in one file",
			array(nxpEntry(uid, parts(part("A", m.pem())), parts(part("CA", pemOf(issuer.Raw)))), second), is, device("7", other.cn)),
		nxp("n05-no-issuers", "W", "nothing vouches for the certificate", array(nxpEntry(uid, parts(part("A", m.der64())), "null")),
			device(id, m.cn, "no-issuer")),
		nxp("n05-other-issuers", "W", "the issuers are those of other certificates",
			array(nxpEntry(uid, parts(part("A", m.der64())), parts(part("B", derText(otherCA.Raw))))), device(id, m.cn, "no-issuer")),
		nxp("n05-wrong-issuer", "E", "an issuer of the same name did not sign the certificate",
			array(nxpEntry(uid, parts(part("A", m.der64())), parts(part("CA", derText(impostor().Raw))))), rejected("bad-chain", "CA")),
		nxp("n05-two-of-a-name", "N", "a renewed issuer keeps its name",
			array(nxpEntry(uid, parts(part("A", m.der64())), parts(part("NEW", derText(impostor().Raw)), part("OLD", derText(issuer.Raw))))), is),
		nxp("n06-hexadecimal", "E", "a UID as the chip shows it is not what the API returns",
			array(nxpEntry(`"04005001ABCD"`, parts(part("A", m.der64())), ca)),
			rejected("bad-id", "decimal")),
		nxp("n06-fraction", "E", "a number that lost its digits", array(nxpEntry("1.2e29", parts(part("A", m.der64())), ca)),
			rejected("bad-id", "")),
		nxp("n06-long", "E", "a UID of 79 digits", array(nxpEntry(strings.Repeat("9", 79), parts(part("A", m.der64())), ca)),
			rejected("bad-id", "")),
		nxp("n07-twice", "E", "a name that occurs twice", array(`{"deviceId":"1","deviceId":"2","deviceCertificates":[]}`, second),
			rejected("duplicate-field", "deviceId"), device("7", other.cn)),
		nxp("n07-other-case", "E", "a name in another case", array(`{"deviceID":"1","deviceCertificates":[]}`),
			rejected("duplicate-field", "only in case")),
		nxp("n07-not-an-array", "E", "certificates that are an object", array(`{"deviceCertificates":{}}`),
			rejected("malformed-entry", "an object")),
		nxp("n08-cut", "F", "the file ends inside a device", array(second, good)[:len(second)+100], device("7", other.cn), ends("truncated", "")),
		nxp("n08-not-json", "F", "something else than JSON follows", append(array(second), "x"...), device("7", other.cn), ends("corrupt", "")),
		nxp("n08-empty", "F", "an array without devices", []byte(`[]`), ends("empty", "")),
		nxp("n09-private-key", "F", "a private key in PEM", array(good, `{"deviceCertificates":[],"key":`+fmt.Sprintf("%q", secretText)+"}"),
			ends("private-key", "")),
		nxp("n09-jwk", "F", "a private key as a JSON Web Key", array(good, `{"deviceCertificates":[],"key":{"kty":"EC","d":"MAA"}}`),
			ends("private-key", "")),
		nxp("n09-der", "F", "a private key in the place of a certificate", array(nxpEntry(uid, parts(part("A", derText(secretDER()))), ca)),
			ends("private-key", "")),
		nxp("n10-deep", "F", "JSON that nests too deep", []byte(`[{"deviceCertificates":`+strings.Repeat("[", 100)),
			ends("limit-exceeded", "deeper")),
		nxp("n10-long", "F", "an entry above the limit", array(good), ends("limit-exceeded", "longer")).
			with(func(o *options) { o.Limits = &limits{EntryBytes: 500} }),
		nxp("n10-many-certificates", "E", "a hundred certificates of one device",
			array(nxpEntry(uid, parts(strings.Split(strings.Repeat(part("A", "AA")+";", 100), ";")[:100]...), ca)), rejected("entry-too-large", "")),
	}
}

func derText(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

// impostor is an authority with the issuer's name and another key.
func impostor() *x509.Certificate {
	return materialtest.Authority("Thingpress Test CA", nil, otherKey, otherKey, 1)
}
