package materialtest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/material"
)

// A Trust makes certificates like those of OPTIGA Trust M Express chips.
type Trust struct {
	Seed      string
	IssuerKey *ecdsa.PrivateKey
	Issuer    *x509.Certificate
}

// InfineonReel and InfineonGUID name the archives of bundles.
const (
	InfineonReel = "7E57000000000001"
	InfineonGUID = "00000000-7e57-4000-8000-000000000001"
)

// NewTrust derives an issuer from a seed. Its name contains "Test".
func NewTrust(seed string) *Trust {
	key := Key(seed + " infineon issuer")
	return &Trust{Seed: seed, IssuerKey: key, Issuer: Certificate(&x509.Certificate{
		Subject: pkix.Name{
			Country: []string{"DE"}, Organization: []string{"Infineon Technologies AG"},
			CommonName: "Infineon OPTIGA(TM) Trust M Test CA 306",
		},
		NotBefore:             time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2073, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil, &key.PublicKey, key)}
}

// ChipID returns the ID of the chip with an index.
func (t *Trust) ChipID(index int) string {
	return "0A091B5C0015" + strings.ToUpper(hex.EncodeToString(Bytes(t.Seed+" chip "+string(rune('0'+index)), 4)))
}

// Name returns the CN of a chip's certificate for an object, such as E0E0.
func (t *Trust) Name(index int, object string) string {
	return hex.EncodeToString(Bytes(t.Seed+" name "+object+string(rune('0'+index)), 32))
}

// Key returns the key of a chip's certificate: RSA for E0E2, otherwise EC.
func (t *Trust) Key(index int, object string) any {
	label := t.Seed + " key " + object + string(rune('0'+index))
	if object != "E0E2" {
		return &Key(label).PublicKey
	}
	return material.UnfactoredRSA(Bytes(label, 256))
}

// Template returns the template of a chip's certificate.
func (t *Trust) Template(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{Country: []string{"DE"}, CommonName: name},
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
	}
}

// Leaf returns the certificate of a chip for an object.
func (t *Trust) Leaf(index int, object string) *x509.Certificate {
	return Certificate(t.Template(t.Name(index, object)), t.Issuer, t.Key(index, object), t.IssuerKey)
}

// File returns a chip's member of a bundle, PEM with CRLF.
func (t *Trust) File(index int, object string) SevenZFile {
	return SevenZFile{Name: t.ChipID(index) + "_" + object + ".pem", Content: material.CRLF(PEM(t.Leaf(index, object)))}
}

// BundleName returns the name of the archive of an object's certificates.
func BundleName(object string) string {
	return InfineonReel + "_" + InfineonGUID + "_" + object + "_Certs.7z"
}
