package csv

import (
	"bytes"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// A table with nothing but Excel's line for the delimiter is empty. It is not something else than a table.
func TestTableOfOnlyADelimiterIsEmpty(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"sep=;", "sep=;\r\n", "\xef\xbb\xbf\"sep=,\"\n\n# end\n"} {
		for _, columns := range []string{"cert=certificate", "cert=2"} {
			in := manifest.Input{Name: "m", Reader: bytes.NewReader([]byte(text)), Size: int64(len(text))}
			got := decodertest.Collect(t, Decoder{}, in, manifest.Options{Columns: parseColumns(t, columns)})
			if manifest.ReasonOf(got.Final) != manifest.ReasonEmpty {
				t.Errorf("%q with %s: %v", text, columns, got.Final)
			}
		}
	}
}
