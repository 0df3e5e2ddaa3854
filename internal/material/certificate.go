package material

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"slices"
	"time"
)

// This package builds certificates without [x509.CreateCertificate]. It keeps the
// vendors' order of extensions, does not verify the signature again (two thirds of
// the time), and can make certificates wrong on purpose.

// A draft is an unsigned certificate.
type draft struct {
	serial              *big.Int
	subject             []attribute
	notBefore, notAfter time.Time
	key                 any // public
	extensions          []pkix.Extension
	// hash is the hash for the issuer's signature; 0 for the issuer's usual one.
	hash crypto.Hash
	// spoil, if set, changes the finished certificate.
	spoil func(der []byte) []byte
}

// notBefore and notAfter are the validity of all generated certificates. They are
// fixed so that bytes do not depend on the clock, and far apart so that examples
// do not expire.
var (
	notBefore = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(2074, 12, 31, 23, 59, 59, 0, time.UTC)
)

func newDraft(serial *big.Int, subject []attribute, key any, extensions ...pkix.Extension) draft {
	return draft{serial: serial, subject: subject, notBefore: notBefore, notAfter: notAfter, key: key, extensions: extensions}
}

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
func (i *issuer) issue(d *draft) []byte {
	hash := i.hash
	if d.hash != 0 {
		hash = d.hash
	}
	tbs := tbsCertificate{
		Version: 2, Serial: d.serial, Algorithm: algorithmOf(i.key, hash), Extensions: append(slices.Clip(d.extensions), testMark()),
		Issuer:  asn1.RawValue{FullBytes: marshalName(i.name)},
		Subject: asn1.RawValue{FullBytes: marshalName(d.subject)},
		Key:     asn1.RawValue{FullBytes: must(x509.MarshalPKIXPublicKey(d.key))},
	}
	tbs.Validity.NotBefore, tbs.Validity.NotAfter = d.notBefore, d.notAfter
	raw := must(asn1.Marshal(tbs))
	signature := sign(i.key, hash, raw)
	der := must(asn1.Marshal(certificate{
		TBS: asn1.RawValue{FullBytes: raw}, Algorithm: tbs.Algorithm,
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	}))
	if d.spoil != nil {
		return d.spoil(der)
	}
	return der
}

// sign signs without randomness: ECDSA according to RFC 6979, RSA with PKCS #1 v1.5.
func sign(key crypto.Signer, hash crypto.Hash, message []byte) []byte {
	h := hash.New()
	h.Write(message)
	return must(key.Sign(nil, h.Sum(nil), hash))
}

// algorithmOf returns the identifier of a signature algorithm (RFC 3279, RFC 4055 and RFC 5758).
func algorithmOf(key crypto.Signer, hash crypto.Hash) pkix.AlgorithmIdentifier {
	if _, ok := key.(*rsa.PrivateKey); ok {
		last := map[crypto.Hash]int{crypto.SHA1: 5, crypto.SHA256: 11}[hash]
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, last}, Parameters: asn1.NullRawValue}
	}
	return pkix.AlgorithmIdentifier{Algorithm: map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1:   {1, 2, 840, 10045, 4, 1},
		crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2},
		crypto.SHA384: {1, 2, 840, 10045, 4, 3, 3},
	}[hash]}
}

// PEM returns a certificate as a PEM block.
func PEM(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }

// setCommonNames replaces the CNs of the subject.
func (d *draft) setCommonNames(names ...string) {
	d.subject = slices.DeleteFunc(slices.Clone(d.subject), isCommonName)
	for _, name := range names {
		d.subject = append(d.subject, common(name))
	}
}

// commonName returns the first CN of the subject, or "".
func (d *draft) commonName() string {
	if i := slices.IndexFunc(d.subject, isCommonName); i >= 0 {
		return d.subject[i].value
	}
	return ""
}

func isCommonName(a attribute) bool { return a.oid.Equal(oidCommonName) }

// replace sets an extension and replaces one of the same kind.
func (d *draft) replace(e pkix.Extension) {
	i := slices.IndexFunc(d.extensions, func(old pkix.Extension) bool { return old.Id.Equal(e.Id) })
	if i < 0 {
		i, d.extensions = len(d.extensions), append(d.extensions, e)
	}
	d.extensions[i] = e
}

// must returns a value whose creation fails only if this package has a bug.
func must[T any](value T, err error) T {
	if err != nil {
		panic("material: " + err.Error())
	}
	return value
}
