package integration

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// shipped returns one of the vendors' manifests.
func shipped(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{require.Data(t)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// generated returns a manifest and the expected outcomes of its entries.
func generated(t *testing.T, vendor, seed string, n int, defects float64) (manifest []byte, want []outcome) {
	t.Helper()
	var out, expected bytes.Buffer
	err := material.Generate(t.Context(), material.Options{
		Vendor: vendor, N: n, Seed: seed, Defects: defects, Out: &out, Expected: &expected, TempDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(&expected); lines.Scan(); {
		var e material.Expectation
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Entry != len(want) {
			t.Fatalf("expectation %s: %v", lines.Bytes(), err)
		}
		switch e.Outcome {
		case material.ExpectDevice:
			want = append(want, outcome{Outcome: ledger.Imported})
		default:
			want = append(want, outcome{ledger.Outcome(e.Outcome), e.Reason})
		}
	}
	return out.Bytes(), want
}

// withPrivateKey appends a private key to a manifest, as if the wrong data had been exported.
func withPrivateKey(t *testing.T, manifest []byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(bytes.Clone(manifest), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
}
