package espressif

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
)

func TestRealManifestDecodesWithoutLoss(t *testing.T) {
	t.Parallel()
	path := filepath.Join(require.Data(t), "espressif", "manifest-espressif.csv")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in := manifest.Input{Name: "real.csv", Reader: bytes.NewReader(content), Size: int64(len(content))}
	n := 0
	for d, err := range (Decoder{}).Decode(t.Context(), in, manifest.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 && (d.ID != "4BA2BB8764BD" || d.ThingName != "6d1d54ba-ed81-4c32-8e08-f9f8c885a6ed" || d.Line != 2) {
			t.Errorf("first device is %s %s on line %d", d.ID, d.ThingName, d.Line)
		}
		if d.Attributes[manifest.AttributeMAC] != d.ID || len(d.Warnings) > 0 {
			t.Errorf("device %d: attributes %v, warnings %v", n, d.Attributes, d.Warnings)
		}
		n++
	}
	if n != 7 {
		t.Errorf("%d devices, want 7", n)
	}
}
