package pemjson

import (
	"bytes"
	"os"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// What is cut out must be read again with the flags of the original, also if none of it has a certificate, or if the
// pointer leads to what is not PEM.
func TestCutEntriesAreReadAgainWithTheSamePointer(t *testing.T) {
	t.Parallel()
	pem, err := os.ReadFile("../testdata/vectors/pem-json/j04-pointer-base64.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, pointer string }{
		{`{"a":"-----BEGIN CERTIFICATE-----","all":[{"n":0},{"n":1},{"n":2},{"n":3}]}`, "/all/*/pem"},
		{`{"all":{"x":{"n":0},"y":{"n":1}}}`, "/all/*/pem"},
		{`[{"pem":["-----BEGIN CERTIFICATE-----","-----BEGIN CERTIFICATE-----"]},{"n":1},{"n":2}]`, ""},
		{`{"next":1,"all":[{"pem":"-----BEGIN CERTIFICATE-----"},{"n":1},{"n":2}]}`, ""},
		{`[{"x":{"pem":"z"}},{"n":1}]`, "/x/pem"},
		{`{"pem":"z"} {"n":1}`, "/pem"},
		{string(pem), "/certificates/*/der"},
	} {
		in, opts := decodertest.Input([]byte(test.text)), manifest.Options{JSONPointer: test.pointer}
		whole := decodertest.Collect(t, Decoder{}, in, opts)
		for first := range whole.Entries {
			var out bytes.Buffer
			written, err := Format().Cut(t.Context(), in, opts, func(entry int) bool { return entry >= first }, &out)
			again := decodertest.Collect(t, Decoder{}, decodertest.Input(out.Bytes()), opts)
			if err != nil || written != len(whole.Entries)-first || len(again.Entries) != written || again.Final != nil {
				t.Fatalf("%s: %d entries from %d: %v, %v, read as %d: %s", test.text, written, first, err, again.Final, len(again.Entries), &out)
			}
			for i, e := range again.Entries {
				if want := whole.Entries[first+i].Err; (want == nil) != (e.Err == nil) || want != nil && want.Reason != e.Err.Reason {
					t.Errorf("%s: entry %d is %v, want %v", test.text, first+i, e.Err, want)
				}
			}
		}
	}
}
