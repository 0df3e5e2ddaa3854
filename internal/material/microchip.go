package material

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

var microchipFormat = Format{Name: "microchip", Signs: true, write: func(ctx context.Context, o Options, s seed) error {
	from := newMicrochip(s, o.Key)
	if o.SignerOut != nil {
		if _, err := o.SignerOut.Write(PEM(from.signer.Raw)); err != nil {
			return err
		}
	}
	return stream(ctx, o, s, microchipFrame, source[*microchipEntry](from))
}}

var microchipFrame = frame{"[\n  ", ",\n  ", "\n]"}

// A microchipSource makes the manifest of Trust&GO parts: a JSON array of JWS,
// each with the public keys of slots 0 to 4. Slot 0 has a certificate and its
// issuer's.
type microchipSource struct {
	seed      seed
	kind      Key
	issuer    *issuer // "Crypto Authentication Signer", a CA
	chain     string  // its certificate, in the form of x5c
	signerKey *ecdsa.PrivateKey
	signer    *x509.Certificate
	group     string
}

func newMicrochip(s seed, kind Key) *microchipSource {
	named := func(purpose, text string) *issuer {
		return &issuer{
			name: []attribute{testOrganization, common(testMaterial + " " + text)},
			key:  s.ecKey(elliptic.P256(), "microchip "+purpose, 0), hash: crypto.SHA256,
		}
	}
	root, ca := named("root", "Crypto Authentication Root CA 002"), named("ca", "Crypto Authentication Signer 2A00")
	signer := named("signer", "Manifest Signer")
	authority := newDraft(s.serial("microchip ca serial", 0, 16), ca.name, ca.key.Public(),
		keyUsage(x509.KeyUsageDigitalSignature|x509.KeyUsageCertSign|x509.KeyUsageCRLSign),
		pathLengthZero(), subjectKeyID(ca.key.Public()), authorityKeyID(root.key.Public()))
	self := newDraft(s.serial("microchip signer serial", 0, 16), signer.name, signer.key.Public(),
		subjectKeyID(signer.key.Public()), authorityKeyID(signer.key.Public()), basicConstraints(false))
	return &microchipSource{
		seed: s, kind: kind, issuer: ca, chain: base64.StdEncoding.EncodeToString(root.issue(&authority)),
		signerKey: signer.key.(*ecdsa.PrivateKey), signer: must(x509.ParseCertificate(signer.issue(&self))), group: groupID(s),
	}
}

// groupID returns an ID of Microchip's form: sixteen letters and digits.
func groupID(s seed) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	id := s.bytes("microchip group", 0, 16)
	for i, c := range id {
		id[i] = letters[int(c)%len(letters)]
	}
	return string(id)
}

// A microchipEntry is an unsigned JWS.
type microchipEntry struct {
	draft
	uniqueID  string
	headerID  string // empty leaves the header out
	version   json.RawMessage
	timestamp string
	others    []Object // the keys of slots 1 to 4
	protected Object
	signer    *ecdsa.PrivateKey
	// x5c makes the certificates of slot 0.
	x5c func(der []byte) []string
	// jwk is the public key claimed for slot 0; nil for the certificate's.
	jwk crypto.PublicKey
	// payload, signature and text, if set, change the results.
	payload   func(json string) string
	signature func(signature []byte) []byte
	text      string
}

const slots = 5

func (f *microchipSource) entry(i int) (*microchipEntry, crypto.Signer) {
	key := f.seed.deviceKey(f.kind, "microchip", i)
	// Serial numbers of these chips begin with 0123 and end with 01.
	unique := "0123" + f.seed.hex("microchip id", 0, 2) + hex.EncodeToString(f.seed.counter("microchip id", i)) + "01"
	e := &microchipEntry{
		uniqueID: unique, headerID: unique, version: json.RawMessage("1"), protected: Protected(f.signer), signer: f.signerKey,
		timestamp: notBefore.Add(time.Duration(i%86_400_000) * 8 * time.Millisecond).Format("2006-01-02T15:04:05.000Z"),
		x5c:       func(der []byte) []string { return []string{base64.StdEncoding.EncodeToString(der), f.chain} },
		draft: newDraft(f.seed.serial("microchip serial", i, 16), []attribute{testOrganization, common("sn" + strings.ToUpper(unique))},
			key.Public(), DirectoryName("eui48_000000000000"), basicConstraints(false),
			keyUsage(x509.KeyUsageDigitalSignature|x509.KeyUsageKeyAgreement),
			subjectKeyID(key.Public()), authorityKeyID(f.issuer.key.Public())),
	}
	for slot := 1; slot < slots; slot++ {
		name := strconv.Itoa(slot)
		e.others = append(e.others, JWK(name, f.seed.ecKey(elliptic.P256(), "microchip slot "+name, i).Public()))
	}
	return e, key
}

func (f *microchipSource) render(e *microchipEntry) []byte {
	if e.text != "" {
		return []byte(e.text)
	}
	first := JWK("0", e.key)
	if e.jwk != nil {
		first = JWK("0", e.jwk)
	}
	if chain := e.x5c(f.issuer.issue(&e.draft)); len(chain) > 0 {
		first = first.And("x5c", chain)
	}
	keys := append([]Object{first}, e.others...)
	payload := JSON(Payload(testMaterial, f.group, e.timestamp, e.uniqueID, keys...).With("version", e.version))
	if e.payload != nil {
		payload = []byte(e.payload(string(payload)))
	}
	signed := SignText(e.protected, payload, e.signer)
	if e.signature != nil {
		raw := must(base64.RawURLEncoding.DecodeString(signed.Text("signature")))
		signed = signed.With("signature", URL64(e.signature(raw)))
	}
	if e.headerID != "" {
		signed = signed.Named(e.headerID)
	}
	var b bytes.Buffer
	_ = json.Indent(&b, JSON(signed), "  ", "  ") // never fails on valid JSON
	return b.Bytes()
}
