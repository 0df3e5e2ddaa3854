package microchip_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest/vendors"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
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

func TestADirectoryOfSignersIsReadByItsExtensions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := materialtest.NewReel("one").Signer, materialtest.NewReel("two").Signer
	for name, data := range map[string][]byte{
		"a.CRT": materialtest.PEM(one), "b.der": two.Raw, "c.cer": materialtest.PEM(one), "README.md": []byte("text"),
		"manifest.json": []byte("[]"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "old.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	signers, err := vendors.LoadSigners(dir, filepath.Join(dir, "a.CRT"))
	if err != nil {
		t.Fatal(err)
	}
	if len(signers) != 2 || !signers[0].Equal(one) || !signers[1].Equal(two) {
		t.Errorf("%d signers", len(signers))
	}
}

func TestSignersThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string][]byte{
		"authority.pem": readSignerFile(t, "authority.pem"),
		"long.pem":      append(readSignerFile(t, "reel.pem"), bytes.Repeat([]byte("\n"), 2<<20)...),
		"trailing.der":  append(readSignerFile(t, "reel.der"), 0),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	empty := t.TempDir()
	for path, says := range map[string]string{
		filepath.Join(dir, "authority.pem"): "certification authority",
		filepath.Join(dir, "long.pem"):      "longer than",
		filepath.Join(dir, "trailing.der"):  "trailing",
		filepath.Join(dir, "missing.pem"):   "missing.pem",
		empty:                               "*.crt, *.pem, *.cer, *.der",
		dir:                                 "authority.pem",
	} {
		signers, err := vendors.LoadSigners(path)
		if err == nil || len(signers) != 0 || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %d signers and %v, want an error with %q", path, len(signers), err, says)
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
