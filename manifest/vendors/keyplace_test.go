package vendors_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// An operator who is told of a private key on line 1 does not find it.
func TestPrivateKeyIsReportedWhereItIs(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	for name, test := range map[string]struct {
		vendor, text string
		line         int
		offset       int64
	}{
		"list":                {"generated", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + key, 4, 70},
		"table":               {"espressif", "MAC,cert\n7C9EBD000000,\"\nAAAA\n" + key + "\"\n", 4, 40},
		"in base64":           {"generated", strings.Repeat("# nothing\n", 3) + "UFJJVkFURSBLRVktLS0tLQo=\n", 0, 0},
		"after a broken part": {"espressif", "MAC,cert\n7C9EBD000000,\"AAAA\nBBBB\"CC\n" + strings.Repeat("x\n", 1<<20) + key, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format, err := vendors.Lookup(test.vendor)
			if err != nil {
				t.Fatal(err)
			}
			in := manifest.Input{Name: "m", Reader: strings.NewReader(test.text), Size: int64(len(test.text))}
			var last error
			for _, err := range format.Decode(t.Context(), in, manifest.Options{}) {
				last = err
			}
			var broken *manifest.FileError
			if !errors.As(last, &broken) || broken.Reason != manifest.ReasonPrivateKey {
				t.Fatalf("%v", last)
			}
			if broken.Line != test.line || broken.Offset != test.offset {
				t.Errorf("line %d, byte %d; want %d and %d", broken.Line, broken.Offset, test.line, test.offset)
			}
		})
	}
}
