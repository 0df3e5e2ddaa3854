package pemjson

import (
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// A file with certificates would be called one without entries, and the vendor asked for another.
func TestPointerThatLeadsToNothingIsNamed(t *testing.T) {
	t.Parallel()
	for _, pointer := range []string{"/nothing/*", "/list/*/x/*"} {
		got := decodertest.Collect(t, Decoder{}, decodertest.Input([]byte(`{"list":[{"pem":"x"}]}`)), manifest.Options{JSONPointer: pointer})
		if got.Final == nil || !strings.Contains(got.Final.Error(), `the JSON pointer "`+pointer+`" leads to nothing in it`) {
			t.Errorf("%s: %v", pointer, got.Final)
		}
	}
}
