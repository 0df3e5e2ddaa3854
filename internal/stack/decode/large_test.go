package decode

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/objecttest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// cyclic is a Microchip manifest of any size that takes the memory of a few entries,
// which it repeats.
type cyclic struct {
	entries []byte // each with the comma before the next
	repeats int64
}

func (c cyclic) size() int64 { return 1 + c.repeats*int64(len(c.entries)) }

// ReadAt implements [io.ReaderAt].
func (c cyclic) ReadAt(p []byte, off int64) (int, error) {
	for i := 0; i < len(p); {
		at := off + int64(i)
		switch {
		case at >= c.size():
			return i, io.EOF
		case at == 0:
			p[i] = '['
			i++
			continue
		}
		i += copy(p[i:], c.entries[(at-1)%int64(len(c.entries)):])
		if off+int64(i) >= c.size() { // the last comma is the end of the array
			i = int(c.size() - off)
			p[i-1] = ']'
		}
	}
	return len(p), nil
}

// counting is a devices queue that stores only the size of the live heap.
type counting struct {
	devices int
	live    []uint64
}

func (c *counting) Send(_ context.Context, messages []stack.Message) error {
	before := c.devices / 2000
	if c.devices += len(messages); c.devices/2000 > before {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		c.live = append(c.live, stats.HeapAlloc)
	}
	return nil
}

// The memory of the function must not depend on the size of the manifest. No other
// test may run at the same time.
func TestHeapStaysFlatOverALargeManifest(t *testing.T) { //nolint:paralleltest // it measures the process
	kinds, repeats := 200, 50
	if require.Race {
		repeats = 40
		t.Logf("the race detector is on: %d entries only", kinds*repeats)
	}
	m := generated(t, "microchip", kinds, 0)
	text := bytes.TrimSuffix(bytes.TrimSpace(bytes.TrimPrefix(m.content, []byte("["))), []byte("]"))
	content := cyclic{entries: append(bytes.TrimSpace(text), ','), repeats: int64(repeats)}
	s, w, q := objecttest.New(t), newWorld(), &counting{}
	o := s.Add(objecttest.Object{Bucket: "microchip", Key: "large.json", ETag: "e", Content: content, Size: content.size()})
	s.Put("signers", "signer.pem", m.signer)
	h := onServer(&process{world: w}, s, checkpointEvery)
	h.Devices = q
	body := event(record("ObjectCreated:Put", "microchip",
		fmt.Sprintf(`"key":"large.json","size":%d,"eTag":"e","versionId":%q,"sequencer":"1"`, o.Size, o.Version)))
	if err := h.handleMessage(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	if id, job := only(t, w); q.devices != kinds*repeats || w.imports[id].Manifests[0].Entries != kinds*repeats {
		t.Fatalf("%d devices sent; phase %s: %s", q.devices, job.Phase, job.Cause)
	}
	const most, growth = 48 << 20, 2 << 20
	first, last := q.live[0], q.live[len(q.live)-1]
	t.Logf("%d bytes of manifest; live heap %d", o.Size, q.live)
	if last > first+growth || last > most {
		t.Errorf("live heap of %d bytes at the beginning of the second pass and %d at its end", first, last)
	}
}
