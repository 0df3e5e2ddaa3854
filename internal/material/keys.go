package material

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RFC 5280, 4.2.1.2 derives key identifiers with SHA-1
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
)

// Key is the kind of the devices' keys.
type Key string

// Kinds of keys.
const (
	EC  Key = "ec"  // P-256
	RSA Key = "rsa" // 2048 bits
)

const rsaBits = 2048

// DeriveKey returns the key of the first candidate that is a scalar of the curve;
// others are rare. A candidate has size bytes.
func DeriveKey(curve elliptic.Curve, candidate func(try, size int) []byte) *ecdsa.PrivateKey {
	size := (curve.Params().N.BitLen() + 7) / 8
	for try := 0; ; try++ {
		scalar := candidate(try, size)
		// The first byte of a P-521 scalar has one bit.
		scalar[0] &= 0xff >> (size*8 - curve.Params().N.BitLen())
		if key, err := ecdsa.ParseRawPrivateKey(curve, scalar); err == nil {
			return key
		}
	}
}

// ecKey derives a key from the seed.
func (s seed) ecKey(curve elliptic.Curve, purpose string, index int) *ecdsa.PrivateKey {
	return DeriveKey(curve, func(try, size int) []byte { return s.bytes("key "+purpose, index, (try+1)*size)[try*size:] })
}

// deviceKey returns the key of a device's certificate.
func (s seed) deviceKey(kind Key, purpose string, index int) crypto.Signer {
	if kind == RSA {
		return must(rsa.GenerateKey(rand.Reader, rsaBits))
	}
	return s.ecKey(elliptic.P256(), purpose, index)
}

// UnfactoredRSA returns a public key without a private one: nobody knows the
// factors of its modulus.
func UnfactoredRSA(modulus []byte) *rsa.PublicKey {
	modulus[0] |= 0x80
	modulus[len(modulus)-1] |= 1
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}
}

// KeyID returns the identifier of a public key (RFC 5280, 4.2.1.2, method 1).
func KeyID(key any) []byte {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	must(asn1.Unmarshal(must(x509.MarshalPKIXPublicKey(key)), &info))
	sum := sha1.Sum(info.Key.Bytes) //nolint:gosec // as above
	return sum[:]
}

// writeKey writes a private key to a file that only its owner can read.
func writeKey(dir, name string, key crypto.Signer) error {
	block := &pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))}
	return os.WriteFile(filepath.Join(dir, name+".key"), pem.EncodeToMemory(block), 0o600)
}

// samePublic reports whether a public key belongs to a private one.
func samePublic(public any, private crypto.Signer) bool {
	own, ok := private.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && own.Equal(public)
}
