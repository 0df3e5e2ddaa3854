package microchip_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest/vendors"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/microchip"
)

// realManifest returns a manifest that Microchip shipped with a reel of Trust&GO
// parts, and its signers.
func realManifest(t *testing.T) ([]byte, []*x509.Certificate) {
	t.Helper()
	dir := filepath.Join(require.Data(t), "microchip")
	data, err := os.ReadFile(filepath.Join(dir, "ECC608C-TNGTLSU-B.json"))
	if err != nil {
		t.Fatal(err)
	}
	loaded, _, err := vendors.LoadSigners(filepath.Join(dir, "signers"))
	if err != nil {
		t.Fatal(err)
	}
	var signers []*x509.Certificate
	for _, s := range loaded {
		signers = append(signers, s.Certificate)
	}
	return data, signers
}

func TestRealManifestGivesItsTenDevices(t *testing.T) {
	t.Parallel()
	data, signers := realManifest(t)
	got := collect(t, data, manifest.Options{Signers: signers})
	if got.final != nil {
		t.Fatal(got.final)
	}
	if len(got.entries) != 10 {
		t.Fatalf("%d entries, want 10", len(got.entries))
	}
	for i, e := range got.entries {
		if e.err != nil {
			t.Errorf("entry %d: %v", i, e.err)
			continue
		}
		d := e.device
		if d.Entry != i || d.ThingName != "sn"+strings.ToUpper(d.ID) || d.Attributes[manifest.AttributeSlot] != "0" ||
			d.Attributes[manifest.AttributeUniqueID] != d.ID || d.Attributes[manifest.AttributePartNumber] != "ATECC608C-TNGTLSU-B" {
			t.Errorf("entry %d: %s %s %v", i, d.ID, d.ThingName, d.Attributes)
		}
		if _, ok := d.Attributes[manifest.AttributeMAC]; ok {
			t.Errorf("entry %d: the placeholder of zeros was taken for a MAC address", i)
		}
		if !bytes.HasSuffix(data[:d.End], []byte("}")) {
			t.Errorf("entry %d: offset %d is not after an entry", i, d.End)
		}
	}
	if first := got.entries[0].device; first.ThingName != "sn0123F2408EA1FCF201" {
		t.Errorf("first thing name %s", first.ThingName)
	}
}

func TestRealManifestIsRejectedWithoutItsSigner(t *testing.T) {
	t.Parallel()
	data, _ := realManifest(t)
	got := collect(t, data, manifest.Options{})
	if got.final != nil || len(got.entries) != 10 {
		t.Fatalf("%d entries, then %v", len(got.entries), got.final)
	}
	for i, e := range got.entries {
		if manifest.ReasonOf(e.err) != manifest.ReasonUnknownSigner || !strings.Contains(e.err.Error(), `"Manifest Signer 005"`) {
			t.Errorf("entry %d: %v", i, e.err)
		}
	}
}

func TestPublishedSignersAreThoseOfMicrochip(t *testing.T) {
	t.Parallel()
	_, signers := realManifest(t)
	same := func(a, b *x509.Certificate) bool { return a.Equal(b) }
	if !slices.EqualFunc(microchip.PublishedSigners(), signers, same) {
		t.Errorf("%d certificates, not the %d of the published files", len(microchip.PublishedSigners()), len(signers))
	}
}
