package decode

import (
	"errors"
	"maps"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A later command must find the certificates that were imported, by the signers of that time.
func TestManifestIsReadAgainAsItWasImported(t *testing.T) {
	t.Parallel()
	for _, m := range []made{
		generated(t, "espressif", 20, 0.2), generated(t, "microchip", 20, 0.3), generated(t, "infineon", 12, 0.4), varied(t, 20),
	} {
		w := newWorld()
		h := (&process{world: w}).handler(config())
		if err := h.handleMessage(t.Context(), m.put(w)); err != nil {
			t.Fatal(err)
		}
		_, job := only(t, w)
		want := map[int]manifest.CertificateID{}
		for _, d := range w.devices {
			want[d.Entry] = d.CertificateID()
		}
		devices, end, err := h.Reread(t.Context(), job)
		if err != nil {
			t.Fatalf("%s: %v", m.vendor, err)
		}
		got, entries := map[int]manifest.CertificateID{}, 0
		for d, err := range devices {
			if _, sent := want[entries]; sent && err == nil {
				got[entries] = d.CertificateID
			}
			entries++
		}
		end()
		if entries != m.entries || !maps.Equal(want, got) {
			t.Errorf("%s: %d of %d entries, %d of %d certificates", m.vendor, entries, m.entries, len(got), len(want))
		}
		clear(w.objects)
		var unreadable *stack.UnreadableError
		if _, _, err := h.Reread(t.Context(), job); !errors.As(err, &unreadable) {
			t.Errorf("%s: without the object: %v", m.vendor, err)
		}
	}
}
