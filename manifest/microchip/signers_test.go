package microchip_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest/microchip"
)

func readSignerFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(vectorDir, "signers", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// People point --signer at the directory in which they made their keys.
func TestADirectoryOfSignersMayHoldAnything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := materialtest.NewReel("one").Signer, materialtest.NewReel("two").Signer
	authority := readSignerFile(t, "ca.pem")
	key := readSignerFile(t, "key.pem")
	for name, data := range map[string][]byte{
		"a.CRT": materialtest.PEM(one), "b.der": two.Raw, "c.cer": materialtest.PEM(one), "README.md": []byte("text"),
		"manifest.json": []byte("[]"), "root.crt": authority,
		"rsa.crt": readSignerFile(t, "rsa.pem"), "half.pem": readSignerFile(t, "half.pem")[:700],
		"long.pem": append(readSignerFile(t, "reel.pem"), bytes.Repeat([]byte("\n"), 2<<20)...),
		"both.pem": append(materialtest.PEM(one), key...), "monkey.crt": materialtest.PEM(one),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Opening these files would fail.
	for _, name := range []string{"log_signer.key", "signer-key.pem", "private.pem", "privkey1.der", "PrivateKey.pem"} {
		if err := os.Symlink("missing", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "old.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	signers, passed, err := vendors.LoadSigners(dir, filepath.Join(dir, "a.CRT"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, s := range signers {
		files = append(files, filepath.Base(s.File))
	}
	if want := []string{"a.CRT", "b.der", "root.crt"}; !slices.Equal(files, want) {
		t.Errorf("signers are from %q, want %q", files, want)
	}
	why := map[string]string{
		"README.md": "not opened", "manifest.json": "not opened", "rsa.crt": "EC P-256", "half.pem": "PEM blocks", "long.pem": "longer",
		"both.pem": "private key", "old.pem": "directory",
		"log_signer.key": "named like a private key", "signer-key.pem": "named like a private key", "private.pem": "named like a private key",
		"privkey1.der": "named like a private key", "PrivateKey.pem": "named like a private key",
	}
	for _, p := range passed {
		name := filepath.Base(p.File)
		if want, ok := why[name]; !ok || !strings.Contains(p.Why, want) {
			t.Errorf("%s is passed over because %s", name, p.Why)
		}
		delete(why, name)
	}
	if len(why) > 0 {
		t.Errorf("not named: %v", why)
	}
}

func TestSignersThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), t.TempDir()
	files := map[string][]byte{
		"long.pem":     append(readSignerFile(t, "reel.pem"), bytes.Repeat([]byte("\n"), 2<<20)...),
		"trailing.der": append(readSignerFile(t, "reel.der"), 0),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(keys, "signer.key"), readSignerFile(t, "key.pem"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for path, says := range map[string]string{
		filepath.Join(dir, "long.pem"):     "longer than",
		filepath.Join(dir, "trailing.der"): "trailing",
		filepath.Join(dir, "missing.pem"):  "missing.pem",
		empty:                              "*.crt, *.pem, *.cer, *.der",
		dir:                                "long.pem",
		keys:                               "signer.key: named like a private key",
	} {
		signers, _, err := vendors.LoadSigners(path)
		if err == nil || len(signers) != 0 || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %d signers and %v, want an error with %q", path, len(signers), err, says)
		}
	}
}

// --signer microchip must trust exactly what docs/microchip.md lists.
func TestPublishedSignersAreThoseOfTheManual(t *testing.T) {
	t.Parallel()
	signers, passed, err := vendors.LoadSigners("microchip")
	if err != nil || len(passed) > 0 || len(signers) != 5 {
		t.Fatalf("%d signers, %v, %v", len(signers), passed, err)
	}
	page, err := os.ReadFile(filepath.Join(require.Root(t), "docs", "microchip.md"))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range signers {
		c := s.Certificate
		id := manifest.CertificateIDOf(c.Raw)
		row := fmt.Sprintf("| %s | %s to %s | %#q |", c.Subject.CommonName, c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly),
			strings.ToUpper(id.String()))
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/microchip.md lacks the row %s", row)
		}
		if publisher, ok := vendors.PublisherOf(id); !ok || publisher.Vendor() != "microchip" || s.File != "" {
			t.Errorf("signer %d is from %q, published by %q", i, s.File, publisher.Title)
		}
		if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
			t.Errorf("signer %d: %v", i, err)
		}
	}
}

func TestSignersErrorsShowNothingOfAKey(t *testing.T) {
	t.Parallel()
	_, err := microchip.ParseSigners([]byte("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"))
	if err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Error(err)
	}
}
