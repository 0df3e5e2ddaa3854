package espressif

import (
	"runtime"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// Sizes come from untrusted input; memory must not follow them. These tests
// measure allocations, so they do not run in parallel.
func TestHostileSizesEndInBoundedMemory(t *testing.T) {
	const header = "MAC,cn,cert\r\n"
	for name, content := range map[string]decodertest.Repeated{
		"one line":        {Begin: header, Byte: 'A'},
		"one header line": {Begin: "MAC,cn,", Byte: 'A'},
		"one quote":       {Begin: header + "4BA2BB8764BD,x,\"", Byte: '\n'},
		"columns":         {Begin: header, Byte: ','},
		"header columns":  {Begin: "MAC,cn,cert", Byte: ','},
		"comment":         {Begin: header, Byte: '#'},
		"quotes":          {Begin: header, Byte: '"'},
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

func TestBlankLinesWithoutEndAreReadInBoundedMemory(t *testing.T) {
	in := manifest.Input{Name: "m", Reader: decodertest.Repeated{Begin: "MAC,cn,cert", Byte: '\n'}, Size: 64 << 20}
	if got := decodertest.Collect(t, Decoder{}, in, manifest.Options{}); manifest.ReasonOf(got.Final) != manifest.ReasonEmpty {
		t.Errorf("ended with %v", got.Final)
	}
}
