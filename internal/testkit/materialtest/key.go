package materialtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"

	"github.com/thingpress/thingpress/internal/material"
)

// Key derives an EC P-256 key from a label. The same label always yields the same key.
func Key(label string) *ecdsa.PrivateKey { return KeyOn(elliptic.P256(), label) }

// KeyOn derives a key on a curve.
func KeyOn(curve elliptic.Curve, label string) *ecdsa.PrivateKey {
	return material.DeriveKey(curve, func(try, size int) []byte {
		return hashes(binary.BigEndian.AppendUint32([]byte(label+"\x00"), uint32(try)), size)
	})
}

// Bytes derives n bytes from a label, such as a serial number.
func Bytes(label string, n int) []byte { return hashes([]byte("bytes\x00"+label+"\x00"), n) }

// hashes returns the first n bytes of the hashes of prefix followed by 0, 1, 2 and so on.
func hashes(prefix []byte, n int) []byte {
	var out []byte
	for block := uint32(0); len(out) < n; block++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint32(bytes.Clone(prefix), block))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

// Certificate signs a template for subject, a public key of any type, with
// issuer's key, and returns the parsed certificate. A nil parent makes it
// self-signed. The defaults of serial number and validity depend on the subject's
// name.
func Certificate(template, parent *x509.Certificate, subject crypto.PublicKey, issuer *ecdsa.PrivateKey) *x509.Certificate {
	t := *template
	if t.SerialNumber == nil {
		serial := Bytes("serial "+t.Subject.String(), 16)
		serial[0] = serial[0]&0x7f | 0x40
		t.SerialNumber = new(big.Int).SetBytes(serial)
	}
	if t.NotBefore.IsZero() {
		t.NotBefore = time.Date(2025, 6, 1, 20, 0, 0, 0, time.UTC)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = time.Date(2053, 6, 1, 20, 0, 0, 0, time.UTC)
	}
	if parent == nil {
		parent = &t
	}
	der, err := x509.CreateCertificate(nil, &t, parent, subject, issuer)
	if err != nil {
		panic(fmt.Sprintf("materialtest: certificate of %s: %v", t.Subject, err))
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("materialtest: certificate of %s: %v", t.Subject, err))
	}
	return certificate
}
