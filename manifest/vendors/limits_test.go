package vendors_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Whoever sets a limit sets it for the search for a format as well.
func TestFormatOfAContainerIsFoundWithinTheLimits(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"a.txt", "b.txt"} {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int]manifest.Reason{1: manifest.ReasonLimitExceeded, 2: manifest.ReasonUnsupportedFormat} {
		_, err := vendors.Choose(t.Context(), decodertest.Input(b.Bytes()), "", manifest.Options{Limits: manifest.Limits{ArchiveMembers: most}})
		if got := manifest.ReasonOf(err); got != want {
			t.Errorf("%d members: %s, want %s: %v", most, got, want, err)
		}
	}
}
