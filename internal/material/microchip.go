package material

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
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// A microchipFormat makes the manifest of Trust&GO parts: a JSON array of JWS,
// each with the public keys of slots 0 to 4, of which slot 0 has a certificate
// and its issuer's.
type microchipFormat struct {
	seed     seed
	kind     Key
	issuer   *issuer // "Crypto Authentication Signer", a CA
	issuerID []byte
	chain    string // its certificate, as x5c has it

	signer    *ecdsa.PrivateKey
	signerDER []byte
	kid, x5t  string
	group     string
}

func newMicrochip(s seed, kind Key) (*microchipFormat, error) {
	f := &microchipFormat{seed: s, kind: kind, group: groupID(s)}
	keys := map[string]*ecdsa.PrivateKey{}
	ids := map[string][]byte{}
	for _, purpose := range []string{"root", "ca", "signer"} {
		key, err := s.ecKey(elliptic.P256(), "microchip "+purpose, 0)
		if err != nil {
			return nil, err
		}
		id, err := keyID(key.Public())
		if err != nil {
			return nil, err
		}
		keys[purpose], ids[purpose] = key, id
	}
	name := func(text string) []attribute {
		return []attribute{testOrganization, common(testMaterial + " " + text)}
	}

	root := &issuer{name: name("Crypto Authentication Root CA 002"), key: keys["root"], hash: crypto.SHA256}
	f.issuer = &issuer{name: name("Crypto Authentication Signer 2A00"), key: keys["ca"], hash: crypto.SHA256}
	f.issuerID = ids["ca"]
	der, err := root.issue(&draft{
		serial: s.serial("microchip ca serial", 0, 16), subject: f.issuer.name,
		notBefore: notBefore, notAfter: notAfter, key: keys["ca"].Public(),
		extensions: []pkix.Extension{
			keyUsage(x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign),
			pathLengthZero(), subjectKeyID(ids["ca"]), authorityKeyID(ids["root"]),
		},
	})
	if err != nil {
		return nil, err
	}
	f.chain = base64.StdEncoding.EncodeToString(der)

	self := &issuer{name: name("Manifest Signer"), key: keys["signer"], hash: crypto.SHA256}
	f.signer = keys["signer"]
	f.signerDER, err = self.issue(&draft{
		serial: s.serial("microchip signer serial", 0, 16), subject: self.name,
		notBefore: notBefore, notAfter: notAfter, key: f.signer.Public(),
		extensions: []pkix.Extension{subjectKeyID(ids["signer"]), authorityKeyID(ids["signer"]), basicConstraints(false)},
	})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(f.signerDER)
	f.kid, f.x5t = rawURL(ids["signer"]), rawURL(sum[:])
	return f, nil
}

// groupID has the form of Microchip's: sixteen letters and digits.
func groupID(s seed) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	var b strings.Builder
	for _, c := range s.bytes("microchip group", 0, 16) {
		b.WriteByte(letters[int(c)%len(letters)])
	}
	return b.String()
}

// A microchipEntry is a JWS before it is signed. Its strings are JSON already
// where they are values.
type microchipEntry struct {
	uniqueID  string
	headerID  string // empty leaves the header out
	version   string
	timestamp string
	leaf      draft
	others    []*ecdsa.PublicKey // slots 1 to 4
	algorithm string
	kid, x5t  string
	signer    *ecdsa.PrivateKey
	// jwk is the key that slot 0 is said to have, and x5c its certificates.
	jwk func(key any) string
	x5c func(der []byte) []string
	// payload, protected, signature and text change what was made, if set.
	payload   func(json string) string
	protected func(json string) string
	signature func(signature []byte) []byte
	text      func(json string) string
}

const slots = 5

func (f *microchipFormat) entry(i int) (*microchipEntry, crypto.Signer, error) {
	key, err := f.seed.deviceKey(f.kind, "microchip", i)
	if err != nil {
		return nil, nil, err
	}
	id, err := keyID(key.Public())
	if err != nil {
		return nil, nil, err
	}
	// Serial numbers of these chips begin with 0123 and end with 01.
	unique := "0123" + f.seed.hex("microchip id", 0, 2) + hex.EncodeToString(f.seed.counter("microchip id", i)) + "01"
	e := &microchipEntry{
		uniqueID: unique, headerID: unique, version: "1", algorithm: "ES256", kid: f.kid, x5t: f.x5t, signer: f.signer,
		timestamp: notBefore.Add(time.Duration(i%86_400_000) * 8 * time.Millisecond).Format("2006-01-02T15:04:05.000Z"),
		jwk:       jwk, x5c: func(der []byte) []string { return []string{base64.StdEncoding.EncodeToString(der), f.chain} },
	}
	for slot := 1; slot < slots; slot++ {
		other, err := f.seed.ecKey(elliptic.P256(), "microchip slot "+strconv.Itoa(slot), i)
		if err != nil {
			return nil, nil, err
		}
		e.others = append(e.others, &other.PublicKey)
	}
	address, err := marshalName([]attribute{{oidSerialNumber, "eui48_000000000000"}})
	if err != nil {
		return nil, nil, err
	}
	e.leaf = draft{
		serial:    f.seed.serial("microchip serial", i, 16),
		subject:   []attribute{testOrganization, common("sn" + strings.ToUpper(unique))},
		notBefore: notBefore, notAfter: notAfter,
		key: key.Public(),
		extensions: []pkix.Extension{
			directoryName(address), basicConstraints(false), keyUsage(x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement),
			subjectKeyID(id), authorityKeyID(f.issuerID),
		},
	}
	return e, key, nil
}

func (f *microchipFormat) render(e *microchipEntry) ([]byte, error) {
	der, err := f.issuer.issue(&e.leaf)
	if err != nil {
		return nil, err
	}
	payload := f.payload(e, der)
	if e.payload != nil {
		payload = e.payload(payload)
	}
	protected := "{" + member("alg", e.algorithm) + "," + member("kid", e.kid) + "," + member("typ", "JWT") + "," + member("x5t#S256", e.x5t) + "}"
	if e.protected != nil {
		protected = e.protected(protected)
	}
	signed := rawURL([]byte(protected)) + "." + rawURL([]byte(payload))
	signature, err := signJWS(e.signer, signed)
	if err != nil {
		return nil, err
	}
	if e.signature != nil {
		signature = e.signature(signature)
	}
	var header string
	if e.headerID != "" {
		header = "\n    \"header\": {\n      \"uniqueId\": \"" + e.headerID + "\"\n    },"
	}
	text := "{\n    \"payload\": \"" + rawURL([]byte(payload)) + "\",\n    \"protected\": \"" + rawURL([]byte(protected)) + "\"," +
		header + "\n    \"signature\": \"" + rawURL(signature) + "\"\n  }"
	if e.text != nil {
		text = e.text(text)
	}
	return []byte(text), nil
}

func (f *microchipFormat) payload(e *microchipEntry, der []byte) string {
	entity := func(unit string) string {
		return `{"organizationName":"` + testMaterial + `","organizationalUnitName":"` + unit + `"}`
	}
	var keys strings.Builder
	keys.WriteString(`{"kid":"0",` + e.jwk(e.leaf.key))
	if chain := e.x5c(der); len(chain) > 0 {
		keys.WriteString(`,"x5c":["` + strings.Join(chain, `","`) + `"]`)
	}
	keys.WriteString(`}`)
	for n, other := range e.others {
		keys.WriteString(`,{"kid":"` + strconv.Itoa(n+1) + `",` + jwk(other) + `}`)
	}
	return `{"version":` + e.version + `,"model":"ATECC608C","partNumber":"ATECC608C-TNGTLSU-B"` +
		`,"manufacturer":` + entity("Secure Products Group") + `,"provisioner":` + entity("Secure Products Group") +
		`,"distributor":` + entity("Microchip Direct") + `,"groupId":"` + f.group + `"` +
		`,"provisioningTimestamp":"` + e.timestamp + `","uniqueId":"` + e.uniqueID + `"` +
		`,"publicKeySet":{"keys":[` + keys.String() + `]}}`
}

// jwk returns the members of a JWK (RFC 7518, section 6) that describe a key.
func jwk(key any) string {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 4, x, y
		if err != nil {
			panic("material: " + err.Error()) // no key on another curve gets here
		}
		half := len(point) / 2
		return member("kty", "EC") + "," + member("crv", key.Curve.Params().Name) +
			"," + member("x", rawURL(point[1:1+half])) + "," + member("y", rawURL(point[1+half:]))
	case *rsa.PublicKey:
		exponent := strings.TrimLeft(string(binary.BigEndian.AppendUint32(nil, uint32(key.E))), "\x00")
		return member("kty", "RSA") + "," + member("n", rawURL(key.N.Bytes())) + "," + member("e", rawURL([]byte(exponent)))
	case ed25519.PublicKey: // RFC 8037
		return member("kty", "OKP") + "," + member("crv", "Ed25519") + "," + member("x", rawURL(key))
	}
	panic(fmt.Sprintf("material: no JWK for a key of type %T", key))
}

// member is one member of a JSON object. Nothing that comes here needs escapes.
func member(name, value string) string { return `"` + name + `":"` + value + `"` }

// signJWS signs with ES256: r and s, 32 bytes each (RFC 7518, 3.4).
func signJWS(key crypto.Signer, message string) ([]byte, error) {
	der, err := sign(key, crypto.SHA256, []byte(message))
	if err != nil {
		return nil, err
	}
	var parts struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return nil, err
	}
	signature := make([]byte, 64)
	parts.R.FillBytes(signature[:32])
	parts.S.FillBytes(signature[32:])
	return signature, nil
}

func rawURL(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func (f *microchipFormat) leaf(e *microchipEntry) *draft { return &e.leaf }
