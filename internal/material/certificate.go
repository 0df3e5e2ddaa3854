package material

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"     //nolint:gosec // RFC 5280, 4.2.1.2 derives key identifiers with SHA-1
	_ "crypto/sha256" // so that crypto.SHA256 can be used
	_ "crypto/sha512" // and crypto.SHA384
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// Certificates are put together here and not by [x509.CreateCertificate]: the
// vendors' order of extensions is kept, the signature is not verified again
// (two thirds of the time), and a certificate can be made wrong on purpose.

// A draft is a certificate before it is signed.
type draft struct {
	serial              *big.Int
	subject             []attribute
	notBefore, notAfter time.Time
	key                 any // public
	extensions          []pkix.Extension
	// hash is what the issuer signs with; 0 is its usual one.
	hash crypto.Hash
	// spoil, if set, changes the finished certificate.
	spoil func(der []byte) []byte
}

// notBefore and notAfter are the validity of everything that is generated. It
// is fixed so that bytes do not depend on the clock, and long so that examples
// do not expire.
var (
	notBefore = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(2074, 12, 31, 23, 59, 59, 0, time.UTC)
)

// An issuer signs certificates.
type issuer struct {
	name []attribute
	key  crypto.Signer
	hash crypto.Hash
}

type certificate struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

type tbsCertificate struct {
	Version    int `asn1:"explicit,tag:0"`
	Serial     *big.Int
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   struct{ NotBefore, NotAfter time.Time }
	Subject    asn1.RawValue
	Key        asn1.RawValue
	Extensions []pkix.Extension `asn1:"optional,explicit,tag:3"`
}

// issue signs a draft and returns the certificate's DER (RFC 5280, 4.1).
func (i *issuer) issue(d *draft) ([]byte, error) {
	hash := i.hash
	if d.hash != 0 {
		hash = d.hash
	}
	algorithm, err := algorithmOf(i.key, hash)
	if err != nil {
		return nil, err
	}
	tbs := tbsCertificate{Version: 2, Serial: d.serial, Algorithm: algorithm, Extensions: d.extensions}
	tbs.Validity.NotBefore, tbs.Validity.NotAfter = d.notBefore, d.notAfter
	key, err := x509.MarshalPKIXPublicKey(d.key)
	if err != nil {
		return nil, err
	}
	tbs.Key.FullBytes = key
	if tbs.Issuer.FullBytes, err = marshalName(i.name); err != nil {
		return nil, err
	}
	if tbs.Subject.FullBytes, err = marshalName(d.subject); err != nil {
		return nil, err
	}
	raw, err := asn1.Marshal(tbs)
	if err != nil {
		return nil, err
	}
	signature, err := sign(i.key, hash, raw)
	if err != nil {
		return nil, err
	}
	der, err := asn1.Marshal(certificate{
		TBS: asn1.RawValue{FullBytes: raw}, Algorithm: algorithm,
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
	if err != nil || d.spoil == nil {
		return der, err
	}
	return d.spoil(der), nil
}

// sign signs without randomness: ECDSA as RFC 6979 has it, RSA as PKCS #1 v1.5.
func sign(key crypto.Signer, hash crypto.Hash, message []byte) ([]byte, error) {
	h := hash.New()
	h.Write(message)
	return key.Sign(nil, h.Sum(nil), hash)
}

func algorithmOf(key crypto.Signer, hash crypto.Hash) (pkix.AlgorithmIdentifier, error) {
	var last int
	switch key.(type) {
	case *ecdsa.PrivateKey:
		switch hash {
		case crypto.SHA1:
			return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}}, nil
		case crypto.SHA256:
			last = 2
		case crypto.SHA384:
			last = 3
		default:
			return pkix.AlgorithmIdentifier{}, fmt.Errorf("ECDSA with %v is not known", hash)
		}
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, last}}, nil
	case *rsa.PrivateKey:
		switch hash {
		case crypto.SHA1:
			last = 5
		case crypto.SHA256:
			last = 11
		default:
			return pkix.AlgorithmIdentifier{}, fmt.Errorf("RSA with %v is not known", hash)
		}
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, last}, Parameters: asn1.NullRawValue}, nil
	}
	return pkix.AlgorithmIdentifier{}, fmt.Errorf("a key of type %T cannot issue", key)
}

// keyID is the identifier of a public key (RFC 5280, 4.2.1.2, method 1).
func keyID(key any) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.Bytes) //nolint:gosec // as above
	return sum[:], nil
}

// commonName returns the first CN of the subject.
func (d *draft) commonName() string {
	for _, a := range d.subject {
		if a.oid.Equal(oidCommonName) {
			return a.value
		}
	}
	return ""
}
