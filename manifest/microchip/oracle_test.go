package microchip_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// oracle verifies an entry with other code than the decoder's. It returns the
// unique ID and the certificate of the entry.
func oracle(t *testing.T, raw json.RawMessage, signers []*x509.Certificate) (string, *x509.Certificate) {
	t.Helper()
	var entry struct{ Payload, Protected, Signature string }
	must(t, json.Unmarshal(raw, &entry))
	var header struct {
		X5T string `json:"x5t#S256"`
	}
	must(t, json.Unmarshal(decode64(t, entry.Protected), &header))
	signature := decode64(t, entry.Signature)
	der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])})
	must(t, err)
	digest := sha256.Sum256([]byte(entry.Protected + "." + entry.Payload))
	verified := false
	for _, signer := range signers {
		if fingerprint(signer) == hex.EncodeToString(decode64(t, header.X5T)) {
			verified = ecdsa.VerifyASN1(signer.PublicKey.(*ecdsa.PublicKey), digest[:], der)
		}
	}
	if !verified {
		t.Fatal("the oracle cannot verify the entry")
	}
	var payload struct {
		UniqueID     string
		PublicKeySet struct{ Keys []struct{ X5C [][]byte } }
	}
	must(t, json.Unmarshal(decode64(t, entry.Payload), &payload))
	chain := payload.PublicKeySet.Keys[0].X5C
	leaf, err := x509.ParseCertificate(chain[0])
	must(t, err)
	issuer, err := x509.ParseCertificate(chain[1])
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(issuer)
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	must(t, err)
	return payload.UniqueID, leaf
}

func decode64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	must(t, err)
	return raw
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRealManifestDecodesToWhatAnOracleVerifies(t *testing.T) {
	t.Parallel()
	data, signers := realManifest(t)
	var raw []json.RawMessage
	must(t, json.Unmarshal(data, &raw))
	got := collect(t, data, manifest.Options{Signers: signers})
	if len(got.entries) != len(raw) {
		t.Fatalf("%d entries of %d", len(got.entries), len(raw))
	}
	for i, e := range got.entries {
		if e.err != nil {
			t.Errorf("entry %d: %v", i, e.err)
			continue
		}
		id, leaf := oracle(t, raw[i], signers)
		if e.device.ID != id || !e.device.Certificate.Equal(leaf) || e.device.CertificateID.String() != fingerprint(leaf) ||
			e.device.ThingName != leaf.Subject.CommonName {
			t.Errorf("entry %d: %s %s; the oracle says %s %s", i, e.device.ID, e.device.ThingName, id, leaf.Subject.CommonName)
		}
	}
}
