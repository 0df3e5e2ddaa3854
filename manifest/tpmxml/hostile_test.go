package tpmxml_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/tpmxml"
)

func module(number string) string {
	der := materialtest.NewTrust("modules").Leaf(0, "E0E0").Raw
	return `<group><hex name="TpmMAC" value="` + number + `"/><binaryhex>` + hex.EncodeToString(der) + "</binaryhex></group>"
}

// A message must not repeat a declaration, which may be as long as an entry and which somebody else wrote.
func TestMessagesAboutDeclarationsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10_000)
	for name, declaration := range map[string]string{
		"version":  `<?xml version="` + long + `"?>`,
		"encoding": `<?xml version="1.0" encoding="` + long + `"?>`,
	} {
		text := declaration + "<r>" + module("01") + "</r>"
		got := decodertest.Collect(t, tpmxml.Decoder{}, decodertest.Input([]byte(text)), manifest.Options{})
		if message := got.Final.Error(); len(message) > 300 || manifest.ReasonOf(got.Final) != manifest.ReasonUnsupportedFormat {
			t.Errorf("%s: a message of %d characters: %.300s", name, len(message), message)
		}
	}
}

// Files that were joined have several roots. What is cut out of them must be one file with the chosen groups.
func TestGroupsAreCutOutOfJoinedFiles(t *testing.T) {
	t.Parallel()
	joined := []byte("<a>" + module("01") + "</a>\n<b>" + module("02") + module("03") + "</b>\n")
	for _, test := range []struct {
		name   string
		chosen func(entry int) bool
		want   []string
	}{
		{"of the second", func(entry int) bool { return entry == 2 }, []string{"03"}},
		{"of both", func(entry int) bool { return entry != 1 }, []string{"01", "03"}},
	} {
		var out bytes.Buffer
		if _, err := tpmxml.Format().Cut(t.Context(), decodertest.Input(joined), manifest.Options{}, test.chosen, &out); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		var ids []string
		for d, err := range (tpmxml.Decoder{}).Decode(t.Context(), decodertest.Input(out.Bytes()), manifest.Options{}) {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			ids = append(ids, d.ID)
		}
		if strings.Join(ids, " ") != strings.Join(test.want, " ") {
			t.Errorf("%s: cut out are %v, want %v", test.name, ids, test.want)
		}
	}
}

// Nothing that counts in the file is other than ASCII, whatever stands next to it.
func TestUmlautsInLatin1BreakNothing(t *testing.T) {
	t.Parallel()
	text := "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<r><site name=\"M\xfcnchen\">M\xfcnchen</site>" + module("01") + "</r>"
	got := decodertest.Collect(t, tpmxml.Decoder{}, decodertest.Input([]byte(text)), manifest.Options{})
	if got.Final != nil || len(got.Devices()) != 1 {
		t.Errorf("%d devices, %v", len(got.Devices()), got.Final)
	}
}

// A key is a key whichever of the certificates is the device's.
func TestKeyInAnotherPlaceThanTheChosenOneRefusesTheFile(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := "<r>" + strings.Replace(module("01"), "</group>", "<binaryhex>"+hex.EncodeToString(der)+"</binaryhex></group>", 1) + "</r>"
	for _, index := range []string{"", "1", "3"} {
		got := decodertest.Collect(t, tpmxml.Decoder{}, decodertest.Input([]byte(text)), manifest.Options{Index: index})
		if manifest.ReasonOf(got.Final) != manifest.ReasonPrivateKey {
			t.Errorf("index %q: %v", index, got.Final)
		}
	}
}
