package vendors_test

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A private key after a certificate must not pass as a certificate that is merely broken.
func TestPrivateKeyBehindACertificateIsFound(t *testing.T) {
	t.Parallel()
	certificate := materialtest.NewTrust("hidden").Leaf(0, "E0E0").Raw
	key := append([]byte{0x30, 0x0f, 2, 1, 1, 4, 10}, make([]byte, 10)...) // the beginning of SEC 1
	for name, der := range map[string][]byte{
		"behind one": slices.Concat(certificate, key),
		"behind two": slices.Concat(certificate, certificate, key),
		"PEM":        slices.Concat(certificate, []byte("-----BEGIN EC PRIVATE KEY-----\n")),
	} {
		encoded := base64.StdEncoding.EncodeToString(der)
		for format, content := range map[string][]byte{
			"generated": []byte(encoded + "\n"),
			"espressif": []byte("MAC,cn,cert\n02A4A4596FF8,lamp," + encoded + "\n"),
			"PEM":       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		} {
			in := manifest.Input{Name: "m", Reader: bytes.NewReader(content), Size: int64(len(content))}
			decoder, err := vendors.Detect(t.Context(), in)
			if err != nil {
				t.Fatal(name, format, err)
			}
			var last error
			for _, err := range decoder.Decode(t.Context(), in, manifest.Options{}) {
				last = err
			}
			if manifest.ReasonOf(last) != manifest.ReasonPrivateKey {
				t.Errorf("%s, %s: %v", name, format, last)
			}
		}
	}
}
