package material

import (
	"bytes"
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"

	"github.com/thingpress/thingpress/manifest"
)

var nxpFormat = Format{Name: "nxp", write: func(ctx context.Context, o Options, s seed) error {
	return stream(ctx, o, s, nxpFrame, newNXP(s, o.Key))
}}

var nxpFrame = frame{"[\n  ", ",\n  ", "\n]\n"}

// An nxpSource makes what EdgeLock 2GO returns for a group of devices: for each the customer's certificate and the one with
// which NXP attests the chip, with their issuers.
type nxpSource struct {
	seed                    seed
	kind                    Key
	issuer, attests         *issuer
	issuerText, attestsText string // their certificates
}

func newNXP(s seed, kind Key) source[*nxpEntry] {
	named := func(purpose, text string) *issuer {
		return &issuer{
			name: []attribute{testOrganization, common(testMaterial + " " + text)},
			key:  s.ecKey(elliptic.P256(), "nxp "+purpose, 0), hash: crypto.SHA256,
		}
	}
	root, ca, attests := named("root", "EdgeLock Root CA"), named("ca", "EdgeLock Device CA"), named("attests", "EdgeLock Attestation CA")
	certificate := func(purpose string, of *issuer) string {
		d := newDraft(s.serial("nxp serial "+purpose, 0, 16), of.name, of.key.Public(), keyUsage(x509.KeyUsageCertSign|x509.KeyUsageCRLSign),
			pathLengthZero(), subjectKeyID(of.key.Public()), authorityKeyID(root.key.Public()))
		return base64.StdEncoding.EncodeToString(root.issue(&d))
	}
	return &nxpSource{
		seed: s, kind: kind, issuer: ca, attests: attests, issuerText: certificate("ca", ca),
		attestsText: certificate("attests", attests),
	}
}

// An nxpEntry is an unwritten device.
type nxpEntry struct {
	draft
	id any // the UID as it is written
	// attestation is the certificate of NXP's own.
	attestation draft
	// text makes the text of the certificate.
	text func(der []byte) string
	// change, if set, changes the entry before it is written.
	change func(o Object) Object
}

// Labels of the certificates.
const (
	nxpLabel   = "AWS_IOT_CERT"
	nxpAttests = "NXP_DIE_Attest_AUTH_CERT"
)

func (f *nxpSource) entry(i int) (*nxpEntry, crypto.Signer) {
	key := f.seed.deviceKey(f.kind, "nxp", i)
	uid := f.uid(i)
	leaf := func(purpose, name string, key any, by *issuer) draft {
		return newDraft(f.seed.serial("nxp serial "+purpose, i, 16), []attribute{testOrganization, common(name)}, key, basicConstraints(false),
			keyUsage(x509.KeyUsageDigitalSignature), subjectKeyID(key), authorityKeyID(by.key.Public()))
	}
	return &nxpEntry{
		id: uid, draft: leaf("device", "edge-"+uid, key.Public(), f.issuer), text: base64.StdEncoding.EncodeToString,
		attestation: leaf("attests", "die-"+uid, f.seed.ecKey(elliptic.P256(), "nxp attests", i).Public(), f.attests),
	}, key
}

// uid returns the UID of a chip, which has 16 bytes, as a decimal number.
func (f *nxpSource) uid(i int) string {
	raw, _ := hex.DecodeString("04005001" + f.seed.hex("nxp uid", 0, 8) + hex.EncodeToString(f.seed.counter("nxp uid", i)))
	return new(big.Int).SetBytes(raw).String()
}

func labelled(label, text string) Object {
	return Object{{"certificateLabel", label}, {"certificate", text}}
}

func (f *nxpSource) render(e *nxpEntry) []byte {
	o := Object{
		{"deviceId", e.id},
		{"deviceCertificates", []Object{
			labelled(nxpAttests, base64.StdEncoding.EncodeToString(f.attests.issue(&e.attestation))),
			labelled(nxpLabel, e.text(f.issuer.issue(&e.draft))),
		}},
		{"intermediateCAs", []Object{labelled("NXP_12NC_Attest_CA_CERT", f.attestsText), labelled("AWS_IOT_CA_CERT", f.issuerText)}},
	}
	if e.change != nil {
		o = e.change(o)
	}
	var b bytes.Buffer
	_ = json.Indent(&b, JSON(o), "  ", "  ") // never fails on valid JSON
	return b.Bytes()
}

// defects returns the defects of a device, apart from those of its certificate.
func (f *nxpSource) defects() []defect[*nxpEntry] {
	change := func(with func(o Object) Object) func(*nxpEntry, craft) {
		return func(e *nxpEntry, _ craft) { e.change = with }
	}
	certificates := func(change func(c []Object) []Object) func(*nxpEntry, craft) {
		return func(e *nxpEntry, _ craft) {
			e.change = func(o Object) Object {
				return o.With("deviceCertificates", change(o[o.index("deviceCertificates")].Value.([]Object)))
			}
		}
	}
	return []defect[*nxpEntry]{
		{"no certificate", manifest.ReasonNoCertificate, certificates(func([]Object) []Object { return []Object{} })},
		{"attestation only", manifest.ReasonNoCertificate, certificates(func(c []Object) []Object { return c[:1] })},
		{
			"two labels", manifest.ReasonLabelRequired,
			certificates(func(c []Object) []Object { return append(c, c[1].With("certificateLabel", "B")) }),
		},
		{"not base64", manifest.ReasonBadEncoding, func(e *nxpEntry, _ craft) { e.text = func([]byte) string { return "?" } }},
		{"hexadecimal UID", manifest.ReasonBadID, func(e *nxpEntry, _ craft) { e.id = "0400500172ABCDEF" }},
		{"UID twice", manifest.ReasonDuplicateField, change(func(o Object) Object { return o.And("deviceId", "1") })},
		{"signed by another", manifest.ReasonBadChain, func(e *nxpEntry, _ craft) {
			e.spoil = func(der []byte) []byte { der[len(der)-1] ^= 1; return der }
		}},

		{"PEM", "", func(e *nxpEntry, _ craft) { e.text = pemText }},
		{"UID as a number", "", func(e *nxpEntry, _ craft) { e.id = json.RawMessage(e.id.(string)) }},
		{"no issuers", "", change(func(o Object) Object { return o.Without("intermediateCAs") })},
		{"another member", "", change(func(o Object) Object { return o.And("deviceGroup", "line 7") })},
	}
}
