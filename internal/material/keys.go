package material

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
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

// ecKey derives a key from the seed.
func (s seed) ecKey(curve elliptic.Curve, purpose string, index int) (*ecdsa.PrivateKey, error) {
	size := (curve.Params().BitSize + 7) / 8
	raw := s.bytes("key "+purpose, index, 8*size)
	for ; len(raw) >= size; raw = raw[size:] {
		// Zero and what is not below the order of the group is refused,
		// which happens once in 2³² times.
		if key, err := ecdsa.ParseRawPrivateKey(curve, raw[:size]); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("key %s %d: the seed gives none", purpose, index)
}

// deviceKey returns the key of a device's certificate.
func (s seed) deviceKey(kind Key, purpose string, index int) (crypto.Signer, error) {
	if kind == RSA {
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	return s.ecKey(elliptic.P256(), purpose, index)
}

// writeKey writes a private key for its owner alone.
func writeKey(dir, name string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(dir, name+".key"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), file.Close())
}

// samePublic says whether a public key belongs to a private one.
func samePublic(public any, private crypto.Signer) bool {
	own, ok := private.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && own.Equal(public)
}
