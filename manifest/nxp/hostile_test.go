package nxp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/nxp"
)

// A key is a key whichever of the certificates is the device's, and among the issuers as well.
func TestKeyInAnotherPlaceThanTheChosenOneRefusesTheManifest(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	element := func(label string, der []byte) string {
		return fmt.Sprintf(`{"certificateLabel":%q,"certificate":%q}`, label, base64.StdEncoding.EncodeToString(der))
	}
	leaf, secret := element("a", materialtest.NewTrust("nxp").Leaf(0, "1").Raw), element("b", der)
	for _, text := range []string{
		`[{"deviceId":"1","deviceCertificates":[` + leaf + "," + secret + `]}]`,
		`[{"deviceId":"1","deviceCertificates":[` + leaf + `],"intermediateCAs":[` + secret + `]}]`,
	} {
		for _, label := range []string{"", "a", "c"} {
			got := decodertest.Collect(t, nxp.Decoder{}, decodertest.Input([]byte(text)), manifest.Options{Label: label})
			if manifest.ReasonOf(got.Final) != manifest.ReasonPrivateKey {
				t.Errorf("label %q, %d bytes: %v", label, len(text), got.Final)
			}
		}
	}
}
