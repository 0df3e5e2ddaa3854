package decode

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
)

// Who uploads what a vendor sent uploads it as it was sent, which may be packed.
func TestContainersInBucketsAreImported(t *testing.T) {
	t.Parallel()
	for kind, pack := range map[string]func([]byte) []byte{"zip": zipped, "gzip": gzipped} {
		for _, vendor := range []string{"espressif", "microchip"} {
			w, m := newWorld(), generated(t, vendor, 20, 0.2)
			plain := m.content
			m.content = pack(plain)
			w.objects["signers/signer.pem"] = m.signer
			h := (&process{world: w}).handler(config())
			if err := h.handleMessage(t.Context(), m.put(w)); err != nil {
				t.Fatal(err)
			}
			if len(w.devices) != m.entries-len(m.rejected) {
				t.Errorf("%s of %s: %d devices of %d entries, of which %d are bad; %v", kind, vendor, len(w.devices), m.entries, len(m.rejected),
					w.jobs)
			}
			for id, job := range w.jobs {
				if c := w.counts(id); job.Phase == stack.PhaseStopped || c.Rejected != len(m.rejected) {
					t.Errorf("%s of %s: %s %s, %+v", kind, vendor, job.Phase, job.Cause, c)
				}
			}
		}
	}
}

func zipped(content []byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("reel/manifest")
	if err == nil {
		_, err = f.Write(content)
	}
	if err != nil || w.Close() != nil {
		panic(err)
	}
	return b.Bytes()
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content) // a buffer never fails
	_ = w.Close()
	return b.Bytes()
}
