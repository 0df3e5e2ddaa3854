package material

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Organization is in the subject of Microchip's authorities and parts.
const Organization = "Microchip Technology Inc"

// A Reel is a factory of Microchip manifests: the signer of entries, and the
// authority that issues the chips' certificates.
type Reel struct {
	Seed      string
	SignerKey *ecdsa.PrivateKey
	Signer    *x509.Certificate // self-signed, not a CA, as Microchip's are
	IssuerKey *ecdsa.PrivateKey
	Issuer    *x509.Certificate
	Root      *x509.Certificate // issued Issuer; not part of entries
}

// NewReel derives a reel from a seed.
func NewReel(seed string) *Reel {
	r := &Reel{Seed: seed, SignerKey: Key(seed + " signer"), IssuerKey: Key(seed + " issuer")}
	r.Signer = SignerCertificate("Thingpress Test Manifest Signer "+seed, r.SignerKey)
	rootKey := Key(seed + " root")
	r.Root = Authority("Test Crypto Authentication Root CA "+seed, nil, rootKey, rootKey, 1)
	r.Issuer = Authority("Test Crypto Authentication Signer "+seed, r.Root, r.IssuerKey, rootKey, 0)
	return r
}

// SignerCertificate makes the certificate of a signer of entries.
func SignerCertificate(name string, key *ecdsa.PrivateKey) *x509.Certificate {
	return Certificate(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: name},
		NotBefore:             time.Date(2024, 3, 7, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SubjectKeyId:          KeyID(&key.PublicKey),
	}, nil, &key.PublicKey, key)
}

// Authority makes the certificate of an authority; a nil parent makes a root.
func Authority(name string, parent *x509.Certificate, key, issuer *ecdsa.PrivateKey, pathLen int) *x509.Certificate {
	return Certificate(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: name},
		NotBefore:             time.Date(2018, 12, 14, 20, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2053, 12, 14, 20, 0, 0, 0, time.UTC),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLen:            pathLen,
		MaxPathLenZero:        pathLen == 0,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SubjectKeyId:          KeyID(&key.PublicKey),
	}, parent, &key.PublicKey, issuer)
}

// A Chip is one part of a reel.
type Chip struct {
	Index    int
	UniqueID string // eighteen lower-case hex digits
	Key      *ecdsa.PrivateKey
	Leaf     *x509.Certificate
}

// Chip makes the part with an index, as Trust&GO parts are.
func (r *Reel) Chip(index int) Chip {
	label := fmt.Sprintf("%s chip %d", r.Seed, index)
	id := "0123" + hex.EncodeToString(Bytes(label, 6)) + "01"
	key := Key(label)
	return Chip{Index: index, UniqueID: id, Key: key, Leaf: r.Leaf("sn"+strings.ToUpper(id), key, "000000000000")}
}

// Leaf issues a certificate with the layout of a Trust&GO part.
func (r *Reel) Leaf(name string, key *ecdsa.PrivateKey, mac string) *x509.Certificate {
	return Certificate(LeafTemplate(name, key, mac), r.Issuer, &key.PublicKey, r.IssuerKey)
}

// LeafTemplate is what a Trust&GO part's certificate is made from.
func LeafTemplate(name string, key *ecdsa.PrivateKey, mac string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: name},
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement,
		SubjectKeyId:          KeyID(&key.PublicKey),
		ExtraExtensions:       []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: DirectoryName("eui48_" + mac)}},
	}
}

// DirectoryName is the value of a subject alternative name that holds one
// directory name with one serialNumber, a PrintableString with an underscore
// as Microchip writes it.
func DirectoryName(serial string) []byte {
	attribute := tlv(0x30, append(tlv(0x06, []byte{0x55, 0x04, 0x05}), tlv(0x13, []byte(serial))...))
	return tlv(0x30, tlv(0xa4, tlv(0x30, tlv(0x31, attribute))))
}

func tlv(tag byte, content []byte) []byte {
	if len(content) > 127 {
		panic("material: content too long for a short length")
	}
	return append([]byte{tag, byte(len(content))}, content...)
}

// Payload is the content of a chip's entry, of five keys as Trust&GO parts
// have them; the first carries the certificates.
func (r *Reel) Payload(c Chip) Object {
	keys := []Object{JWK("0", &c.Key.PublicKey).And("x5c", X5C(c.Leaf, r.Issuer))}
	for slot := 1; slot < 5; slot++ {
		key := Key(fmt.Sprintf("%s chip %d slot %d", r.Seed, c.Index, slot))
		keys = append(keys, JWK(fmt.Sprint(slot), &key.PublicKey))
	}
	return r.PayloadOf(c.UniqueID, keys...)
}

// PayloadOf is the content of an entry with the given keys.
func (r *Reel) PayloadOf(uniqueID string, keys ...Object) Object {
	entity := func(unit string) Object {
		return Object{{"organizationName", Organization}, {"organizationalUnitName", unit}}
	}
	return Object{
		{"version", 1},
		{"model", "ATECC608C"},
		{"partNumber", "ATECC608C-TNGTLSU-B"},
		{"manufacturer", entity("Secure Products Group")},
		{"provisioner", entity("Thingpress Test Material")},
		{"distributor", entity("Microchip Direct")},
		{"groupId", "TESTTESTTESTTEST"},
		{"provisioningTimestamp", "2025-06-01T20:14:53.773Z"},
		{"uniqueId", uniqueID},
		{"publicKeySet", Object{{"keys", keys}}},
	}
}

// JWK is a public key as PublicJWK.
func JWK(slot string, key *ecdsa.PublicKey) Object {
	point, err := key.Bytes()
	if err != nil {
		panic(fmt.Sprintf("material: key without a point: %v", err))
	}
	size := (len(point) - 1) / 2
	return Object{
		{"kid", slot},
		{"kty", "EC"},
		{"crv", key.Curve.Params().Name},
		{"x", URL64(point[1 : 1+size])},
		{"y", URL64(point[1+size:])},
	}
}

// X5C is a chain in standard base64, as JWK has it.
func X5C(chain ...*x509.Certificate) []string {
	texts := make([]string, len(chain))
	for i, c := range chain {
		texts[i] = base64.StdEncoding.EncodeToString(c.Raw)
	}
	return texts
}

// Protected is the signed header that names a signer.
func Protected(signer *x509.Certificate) Object {
	sum := sha256.Sum256(signer.Raw)
	return Object{
		{"alg", "ES256"},
		{"kid", URL64(signer.SubjectKeyId)},
		{"typ", "JWT"},
		{"x5t#S256", URL64(sum[:])},
	}
}

// Entry is the signed entry of a chip.
func (r *Reel) Entry(c Chip) Object { return r.Sign(c.UniqueID, r.Payload(c)) }

// Sign makes an entry of a payload.
func (r *Reel) Sign(uniqueID string, payload Object) Object {
	return SignText(Protected(r.Signer), JSON(payload), r.SignerKey).Named(uniqueID)
}

// SignText makes an entry of the text of a payload, without unprotected header.
func SignText(protected Object, payload []byte, key *ecdsa.PrivateKey) Object {
	head, body := URL64(JSON(protected)), URL64(payload)
	return Object{{"payload", body}, {"protected", head}, {"signature", URL64(Signature(head+"."+body, key))}}
}

// Named adds the unprotected header where Microchip has it, before the signature.
func (o Object) Named(uniqueID string) Object {
	last := len(o) - 1
	return append(append(append(Object(nil), o[:last]...), Member{"header", Object{{"uniqueId", uniqueID}}}), o[last])
}

// Signature is r and s of a deterministic ES256 signature over text.
func Signature(text string, key *ecdsa.PrivateKey) []byte {
	sum := sha256.Sum256([]byte(text))
	der, err := key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		panic(fmt.Sprintf("material: sign: %v", err))
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		panic(fmt.Sprintf("material: signature: %v", err))
	}
	raw := make([]byte, 64)
	pair.R.FillBytes(raw[:32])
	pair.S.FillBytes(raw[32:])
	return raw
}

// Array is a manifest with the layout of Microchip's files.
func Array(entries ...Object) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, JSON(entries), "", "  "); err != nil {
		panic(fmt.Sprintf("material: %v", err))
	}
	return b.Bytes()
}

// URL64 is base64url without padding.
func URL64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// PEM is a certificate in armour.
func PEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
