package imports

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// A manifest that breaks off must not cost the certificates that an earlier conversion wrote.
func TestBrokenConversionKeepsEarlierFiles(t *testing.T) {
	t.Parallel()
	dir, broken := t.TempDir(), errors.New("the manifest breaks off")
	if err := os.WriteFile(filepath.Join(dir, "earlier.der"), []byte("earlier"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := writeDirectory(dir, true, func(to converter) error {
		for _, name := range []string{"earlier", "new"} {
			d := &manifest.Device{ThingName: name, Certificate: &x509.Certificate{Raw: []byte("later")}}
			if err := to.device(d, iot.Thing{}); err != nil {
				return err
			}
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "earlier.der" {
		t.Errorf("left are %v, error %v", left, err)
	}
}
