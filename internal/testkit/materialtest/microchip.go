package materialtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/material"
)

// Organization is part of the subject of Microchip's authorities and parts.
const Organization = "Microchip Technology Inc"

// A Reel makes Microchip manifests. It has the signer of entries, and the
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

// SignerCertificate returns the certificate of a signer of entries.
func SignerCertificate(name string, key *ecdsa.PrivateKey) *x509.Certificate {
	return Certificate(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: name},
		NotBefore:             time.Date(2024, 3, 7, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SubjectKeyId:          material.KeyID(&key.PublicKey),
	}, nil, &key.PublicKey, key)
}

// Authority returns the certificate of an authority; a nil parent makes it a root.
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
		SubjectKeyId:          material.KeyID(&key.PublicKey),
	}, parent, &key.PublicKey, issuer)
}

// A Chip is one part of a reel.
type Chip struct {
	Index    int
	UniqueID string // eighteen lower-case hex digits
	Key      *ecdsa.PrivateKey
	Leaf     *x509.Certificate
}

// Chip returns the part with an index, like a Trust&GO part.
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

// LeafTemplate returns the template of a Trust&GO part's certificate.
func LeafTemplate(name string, key *ecdsa.PrivateKey, mac string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: name},
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement,
		SubjectKeyId:          material.KeyID(&key.PublicKey),
		ExtraExtensions:       []pkix.Extension{material.DirectoryName("eui48_" + mac)},
	}
}

// Payload returns the content of a chip's entry. It has five keys, like that of
// Trust&GO parts; the first has the certificates.
func (r *Reel) Payload(c Chip) material.Object {
	keys := []material.Object{material.JWK("0", &c.Key.PublicKey).And("x5c", X5C(c.Leaf, r.Issuer))}
	for slot := 1; slot < 5; slot++ {
		key := Key(fmt.Sprintf("%s chip %d slot %d", r.Seed, c.Index, slot))
		keys = append(keys, material.JWK(fmt.Sprint(slot), &key.PublicKey))
	}
	return r.PayloadOf(c.UniqueID, keys...)
}

// PayloadOf returns the content of an entry with the given keys.
func (r *Reel) PayloadOf(uniqueID string, keys ...material.Object) material.Object {
	return material.Payload(Organization, "TESTTESTTESTTEST", "2025-06-01T20:14:53.773Z", uniqueID, keys...).
		With("provisioner", material.Entity(Organization, "Thingpress Test Material"))
}

// X5C returns a chain in standard base64, as JWKs have it.
func X5C(chain ...*x509.Certificate) []string {
	texts := make([]string, len(chain))
	for i, c := range chain {
		texts[i] = base64.StdEncoding.EncodeToString(c.Raw)
	}
	return texts
}

// Entry returns the signed entry of a chip.
func (r *Reel) Entry(c Chip) material.Object { return r.Sign(c.UniqueID, r.Payload(c)) }

// Sign returns a signed entry with a payload.
func (r *Reel) Sign(uniqueID string, payload material.Object) material.Object {
	return material.SignText(material.Protected(r.Signer), material.JSON(payload), r.SignerKey).Named(uniqueID)
}

// PEM returns a certificate as a PEM block.
func PEM(c *x509.Certificate) []byte { return material.PEM(c.Raw) }

// Array returns a manifest with the layout of Microchip's files.
func Array(entries ...material.Object) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, material.JSON(entries), "", "  "); err != nil {
		panic(fmt.Sprintf("materialtest: %v", err))
	}
	return b.Bytes()
}
