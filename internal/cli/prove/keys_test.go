package prove

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Keys come from many tools: whatever their form and the names of their files, each must be found by its
// certificate, and what is not a key must be named.
func TestKeysOfEveryFormAreFoundByTheirCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, blocks ...*pem.Block) {
		t.Helper()
		var text []byte
		for _, block := range blocks {
			text = append(text, pem.EncodeToMemory(block)...)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p256 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	two := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	other := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	sec1 := must[[]byte](t)(x509.MarshalECPrivateKey(p384))
	write("a.key", &pem.Block{Type: "PRIVATE KEY", Bytes: must[[]byte](t)(x509.MarshalPKCS8PrivateKey(p256))})
	write("below/b.pem", &pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6}}, &pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})
	write("c.txt", &pem.Block{Type: "CERTIFICATE", Bytes: []byte("not read")},
		&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(two)},
		&pem.Block{Type: "PRIVATE KEY", Bytes: must[[]byte](t)(x509.MarshalPKCS8PrivateKey(other))})
	write("encrypted.pem", &pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: sec1})
	write("broken.pem", &pem.Block{Type: "PRIVATE KEY", Bytes: []byte("rubbish")})

	k := must[*keys](t)(readKeys(t.Context(), dir))
	for _, key := range []crypto.Signer{p256, p384, two} {
		certificate := &x509.Certificate{PublicKey: key.Public()}
		if !k.take(certificate) {
			t.Errorf("no key for %T", key.Public())
			continue
		}
		found := must[crypto.Signer](t)(k.signer(certificate))
		if public, ok := found.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
			t.Errorf("another key for %T", key.Public())
		}
	}
	if k.take(&x509.Certificate{PublicKey: must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).Public()}) {
		t.Error("a certificate without a key was given one")
	}
	if got := k.unused(); !slices.Equal(got, []string{filepath.Join(dir, "c.txt")}) {
		t.Errorf("unused %v", got)
	}
	slices.Sort(k.keyless)
	if want := []string{filepath.Join(dir, "broken.pem"), filepath.Join(dir, "encrypted.pem")}; !slices.Equal(k.keyless, want) {
		t.Errorf("without a key: %v", k.keyless)
	}
	if err := os.Remove(filepath.Join(dir, "a.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := k.signer(&x509.Certificate{PublicKey: p256.Public()}); err == nil {
		t.Error("a key that is gone was found")
	}
}

// A directory of keys is often a link, as is each file in it where a secret is mounted. The keys must be found, and
// a link that leads nowhere must not keep the other keys from being read.
func TestKeysAreFoundThroughLinks(t *testing.T) {
	t.Parallel()
	dir := must[string](t)(filepath.EvalSymlinks(t.TempDir()))
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	block := &pem.Block{Type: "PRIVATE KEY", Bytes: must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))}
	if err := os.WriteFile(filepath.Join(dir, "secret"), pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(dir, "keys")
	if err := os.Mkdir(below, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"keys/a.key": "../secret", "keys/gone.key": "nowhere", "link": "keys"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			if runtime.GOOS != "windows" {
				t.Fatal(err)
			}
			t.Skip(err) // Windows lets only some users make links
		}
	}
	k := must[*keys](t)(readKeys(t.Context(), filepath.Join(dir, "link")))
	if !k.take(&x509.Certificate{PublicKey: key.Public()}) {
		t.Error("the key was not found")
	}
	if want := []string{filepath.Join(below, "gone.key")}; !slices.Equal(k.keyless, want) {
		t.Errorf("without a key: %v, want %v", k.keyless, want)
	}
}
