package csv

import (
	"runtime"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// Sizes come from untrusted input; memory must not follow them. The test measures
// allocations, so it does not run in parallel.
func TestHostileTablesEndInBoundedMemory(t *testing.T) {
	const header = "id,certificate\n"
	for name, test := range map[string]struct {
		content decodertest.Repeated
		columns string
		reason  manifest.Reason
	}{
		"one line":          {decodertest.Repeated{Begin: header, Byte: 'A'}, "cert=certificate", manifest.ReasonLimitExceeded},
		"one quote":         {decodertest.Repeated{Begin: header + "7,\"", Byte: '\n'}, "cert=certificate", manifest.ReasonLimitExceeded},
		"columns":           {decodertest.Repeated{Begin: header, Byte: ','}, "cert=certificate", manifest.ReasonLimitExceeded},
		"a header of bars":  {decodertest.Repeated{Byte: '|'}, "cert=certificate", manifest.ReasonLimitExceeded},
		"no header":         {decodertest.Repeated{Byte: 'A'}, "cert=1", manifest.ReasonLimitExceeded},
		"columns of header": {decodertest.Repeated{Begin: "id", Byte: ','}, "cert=certificate", manifest.ReasonLimitExceeded},
		"titles":            {decodertest.Repeated{Begin: "certificate", Byte: '\n'}, "cert=certificate", manifest.ReasonEmpty},
		"another delimiter": {decodertest.Repeated{Begin: "id;x\n1;\"", Byte: ','}, "cert=certificate", manifest.ReasonUnknownColumns},
	} {
		t.Run(name, func(t *testing.T) {
			in := manifest.Input{Name: "m", Reader: test.content, Size: 64 << 20}
			opts := manifest.Options{Columns: parseColumns(t, test.columns)}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := decodertest.Collect(t, Decoder{}, in, opts)
			runtime.ReadMemStats(&after)
			if reason := manifest.ReasonOf(got.Final); reason != test.reason {
				t.Errorf("ended with %s: %v", reason, got.Final)
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 24<<20 {
				t.Errorf("%d MiB were allocated", allocated>>20)
			}
		})
	}
}

func parseColumns(t testing.TB, text string) manifest.Columns {
	t.Helper()
	columns, err := manifest.ParseColumns(text)
	if err != nil {
		t.Fatal(err)
	}
	return columns
}
