package manifest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

func TestPrivateKeysAreSeenInEveryArmour(t *testing.T) {
	t.Parallel()
	for _, label := range []string{
		"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY",
		"PGP PRIVATE KEY BLOCK",
	} {
		text := "-----BEGIN " + label + "-----\nAAAA\n"
		if !manifest.HasPrivateKey([]byte(text)) {
			t.Errorf("%s is not found", label)
		}
		for pad := range 3 {
			coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", pad) + text))
			if !manifest.HasPrivateKey([]byte(coded)) {
				t.Errorf("%s is not found in base64 after %d bytes", label, pad)
			}
		}
	}
	if !manifest.HasPrivateKey([]byte("PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\r\nEncryption: none\r\n")) {
		t.Error("PuTTY's form is not found")
	}
	if manifest.HasPrivateKey([]byte("-----BEGIN PUBLIC KEY-----\nprivate key: none, PRIVATE  KEY")) {
		t.Error("a public key is mistaken for a private one")
	}
}

func TestPrivateKeysAreSeenWithoutArmour(t *testing.T) {
	t.Parallel()
	ec := materialtest.Key("secret tests")
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"SEC 1": sec1, "PKCS #8": pkcs8, "PKCS #1": x509.MarshalPKCS1PrivateKey(r)} {
		if !manifest.IsPrivateKey(der) {
			t.Errorf("%s is not found", name)
		}
	}
	for name, der := range map[string][]byte{"certificate": sample.Raw, "public key": sample.RawSubjectPublicKeyInfo, "nothing": nil} {
		if manifest.IsPrivateKey(der) {
			t.Errorf("a %s is mistaken for a private key", name)
		}
	}
}

// A key must be found even if two reads split its mark.
func TestSecretReaderSeesAcrossReads(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 100) + "-----BEGIN PRIVATE KEY-----" + strings.Repeat("y", 100)
	for name, r := range map[string]*manifest.SecretReader{
		"bytes":  manifest.NewSecretReader(iotest.OneByteReader(strings.NewReader(text))),
		"halves": manifest.NewSecretReader(iotest.HalfReader(strings.NewReader(text))),
	} {
		if found, err := r.Drain(); !found || err != nil {
			t.Errorf("%s: %t, %v", name, found, err)
		}
	}
	for size := 1; size < 60; size++ {
		r := manifest.NewSecretReader(strings.NewReader(text))
		buffer := make([]byte, size)
		for {
			if _, err := r.Read(buffer); err != nil {
				break
			}
		}
		if !r.Found() {
			t.Errorf("not found in reads of %d bytes", size)
		}
	}
}
