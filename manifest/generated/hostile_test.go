package generated

import (
	"runtime"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// Sizes come from untrusted input; memory must not follow them. This test measures
// allocations, so it does not run in parallel.
func TestHostileSizesEndInBoundedMemory(t *testing.T) {
	line := strings.SplitN(string(good(t, 1)), "\n", 2)[0]
	for name, content := range map[string]decodertest.Repeated{
		"one line":       {Begin: line + "\n", Byte: 'A'},
		"one first line": {Begin: strings.TrimRight(line, "="), Byte: 'A'},
		"one block":      {Begin: "-----BEGIN CERTIFICATE-----\n", Byte: '\n'},
		"comment":        {Begin: line + "\n", Byte: '#'},
	} {
		t.Run(name, func(t *testing.T) {
			in := manifest.Input{Name: "m", Reader: content, Size: 128 << 20}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := decodertest.Collect(t, Decoder{}, in, manifest.Options{})
			runtime.ReadMemStats(&after)
			if reason := manifest.ReasonOf(got.Final); reason != manifest.ReasonLimitExceeded {
				t.Errorf("ended with %s: %v", reason, got.Final)
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
				t.Errorf("%d MiB were allocated", allocated>>20)
			}
		})
	}
}
