package microchip_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/microchip"
	"github.com/thingpress/thingpress/manifest/vendors"
)

func TestDetectKnowsItsManifestsAndNoOthers(t *testing.T) {
	t.Parallel()
	reel := materialtest.NewReel("detect")
	entry := reel.Entry(reel.Chip(0))
	utf16 := func(name string) string {
		data, err := os.ReadFile(filepath.Join(vectorDir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, test := range []struct {
		name, data string
		want       bool
	}{
		{"array", string(materialtest.Array(entry)), true},
		{"compact", string(material.JSON([]material.Object{entry})), true},
		{"single", string(material.JSON(entry)), true},
		{"bom", "\xef\xbb\xbf" + string(materialtest.Array(entry)), true},
		{"utf-16", utf16("m30-utf16le.json"), true},
		{"utf-16 big-endian", utf16("m30-utf16be.json"), true},
		{"signature first", `[{"signature":"", "payload":""}]`, true},
		{"empty", "", false},
		{"bracket", "[", false},
		{"empty array", "[]", false},
		{"other objects", `[{"deviceId":"1","x509Thumbprint":{}}]`, false},
		{"words in CSV", `"MAC","payload","protected"`, false},
		{"pem", string(materialtest.PEM(reel.Signer)), false},
		{"7z", "7z\xbc\xaf\x27\x1c\x00\x04", false},
		{"half a BOM", "\xff\xfe[", false},
	} {
		head := []byte(test.data)
		if len(head) > manifest.DetectSize {
			head = head[:manifest.DetectSize]
		}
		if got := (microchip.Decoder{}).Detect(head, int64(len(test.data))); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestExampleManifestDecodes(t *testing.T) {
	t.Parallel()
	root := require.Root(t)
	data, err := os.ReadFile(filepath.Join(root, "examples", "microchip.json"))
	if err != nil {
		t.Fatal(err)
	}
	signers, _, err := vendors.LoadSigners(filepath.Join(root, "examples", "microchip-signer.pem"))
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, data, manifest.Options{Signers: []*x509.Certificate{signers[0].Certificate}})
	if got.final != nil || len(got.entries) == 0 {
		t.Fatalf("%d entries, then %v", len(got.entries), got.final)
	}
	for _, e := range got.entries {
		if e.err != nil {
			t.Error(e.err)
		}
	}
}
