package generated

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
)

// count decodes a real file and returns the number of devices and of rejections by reason.
func count(t *testing.T, name string, opts manifest.Options) (devices int, rejected map[manifest.Reason]int) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(require.Data(t), "generated", name))
	if err != nil {
		t.Fatal(err)
	}
	rejected = map[manifest.Reason]int{}
	in := manifest.Input{Name: name, Reader: bytes.NewReader(content), Size: int64(len(content))}
	for d, err := range (Decoder{}).Decode(t.Context(), in, opts) {
		var bad *manifest.EntryError
		switch {
		case err == nil:
			devices++
			if d.ID == "" || d.ThingName != d.ID {
				t.Errorf("entry %d: ID %q, thing name %q", d.Entry, d.ID, d.ThingName)
			}
		case errors.As(err, &bad):
			rejected[bad.Reason]++
		default:
			t.Fatal(err)
		}
	}
	return devices, rejected
}

func TestRealListHasExpiredAndAllowExpiredTakesIt(t *testing.T) {
	t.Parallel()
	devices, rejected := count(t, "certificates_test.txt", manifest.Options{})
	if devices != 0 || rejected[manifest.ReasonExpired] != 100 {
		t.Errorf("%d devices, rejected %v; want 100 expired", devices, rejected)
	}
	devices, rejected = count(t, "certificates_test.txt", manifest.Options{AllowExpired: true})
	if devices != 100 || len(rejected) != 0 {
		t.Errorf("%d devices, rejected %v; want 100 devices", devices, rejected)
	}
}

func TestRealSinglePEMIsOneDevice(t *testing.T) {
	t.Parallel()
	devices, rejected := count(t, "single.pem", manifest.Options{})
	if devices != 1 || len(rejected) != 0 {
		t.Errorf("%d devices, rejected %v; want 1 device", devices, rejected)
	}
}
