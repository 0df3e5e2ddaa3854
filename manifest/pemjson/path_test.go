package pemjson

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// A pointer must lead where RFC 6901 says, however the values around it nest.
func TestFollowerFindsWhatThePointerOfTheDecoderNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var value func(depth int) string
		value = func(depth int) string {
			kind := rapid.IntRange(0, 3).Draw(rt, "kind")
			if depth == 4 {
				kind = 0
			}
			var parts []string
			switch kind {
			case 1:
				for range rapid.IntRange(0, 3).Draw(rt, "elements") {
					parts = append(parts, value(depth+1))
				}
				return "[" + strings.Join(parts, ",") + "]"
			case 2:
				for _, name := range []string{"a", "0", "x/y"}[:rapid.IntRange(0, 3).Draw(rt, "members")] {
					parts = append(parts, `"`+name+`":`+value(depth+1))
				}
				return "{" + strings.Join(parts, ",") + "}"
			}
			return "1"
		}
		text := value(0)
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "0", "1", "x/y"}), 0, 4).Draw(rt, "parts")
		var wanted jsontext.Pointer
		for _, part := range parts {
			wanted = wanted.AppendToken(part)
		}
		d, f := jsontext.NewDecoder(strings.NewReader(text)), follower{parts: parts}
		for {
			token, err := d.ReadToken()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				rt.Fatal(err)
			}
			got := f.follow(d, token)
			if token.Kind() == jsontext.KindNumber && got != (d.StackPointer() == wanted) {
				rt.Fatalf("%s in %s: %t at %s", wanted, text, got, d.StackPointer())
			}
		}
	})
}

// A long name and many values took minutes, 70 s in 240 kB. The fuzz target of processor time sets no pointer.
func TestPointerCostsLittleBelowALongName(t *testing.T) {
	t.Parallel()
	text := `[{"` + strings.Repeat("x", 400_000) + `":[` + strings.Repeat("1,", 250_000) + `1]}]`
	in := decodertest.Input([]byte(text))
	got := decodertest.Collect(t, Decoder{}, in, manifest.Options{JSONPointer: "/*/a/0"})
	if len(got.Entries) != 1 || got.Entries[0].Err == nil || got.Entries[0].Err.Reason != manifest.ReasonNoCertificate {
		t.Errorf("%v, %v", got.Entries, got.Final)
	}
}
