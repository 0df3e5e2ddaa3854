package infineon_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon"
)

func input(name string, content []byte) manifest.Input {
	return manifest.Input{Name: name, Reader: bytes.NewReader(content), Size: int64(len(content))}
}

func realManifest(t testing.TB) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(require.Data(t), "infineon", "manifest-infineon.7z"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestRealManifestDecodesWithoutLoss(t *testing.T) {
	t.Parallel()
	content := realManifest(t)
	name := regexp.MustCompile(`^[0-9a-f]{64}$`)
	names := map[string]bool{}
	for _, bundle := range infineon.Format().Options[0].Values {
		n := 0
		for d, err := range (infineon.Decoder{}).Decode(t.Context(), input("real.7z", content), manifest.Options{Bundle: bundle}) {
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 && d.ID[:4] != "0A09" || len(d.ID) != 20 || d.Entry != n || !name.MatchString(d.ThingName) || names[d.ThingName] {
				t.Errorf("%s entry %d: %s, thing %s", bundle, n, d.ID, d.ThingName)
			}
			names[d.ThingName] = true
			if d.Attributes[manifest.AttributeChipID] != d.ID || d.Attributes[manifest.AttributeBundle] != bundle ||
				d.Attributes[manifest.AttributeReelID] != "78211223032C7EFA" {
				t.Errorf("%s entry %d: attributes %v", bundle, n, d.Attributes)
			}
			for _, w := range d.Warnings {
				if bundle != "E0E1" || w.Code != manifest.ReasonShieldedConnection {
					t.Errorf("%s entry %d: warning %v", bundle, n, w)
				}
			}
			n++
		}
		if n != 200 {
			t.Errorf("%s: %d devices, want 200", bundle, n)
		}
	}
}
