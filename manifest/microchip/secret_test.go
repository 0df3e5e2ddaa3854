package microchip_test

import (
	"bytes"
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

// Messages end up in logs, reports and the ledger.
func TestNothingOfAPrivateKeyReachesAMessage(t *testing.T) {
	t.Parallel()
	const secret = "c2VjcmV0" // the private members of the vectors, and what the text below hides
	scalar := base64.StdEncoding.EncodeToString(must2(materialtest.Key("vectors leaked").Bytes()))
	seen := 0
	for _, name := range vectorNames(t) {
		v, data := loadVector(t, name)
		if v.FileError == nil || v.FileError.Reason != manifest.ReasonPrivateKey {
			continue
		}
		opts, err := v.options(t)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		got := collect(t, data, opts)
		for _, text := range []string{secret, "MAA=", scalar[:16]} {
			if got.final == nil || strings.Contains(got.final.Error(), text) {
				t.Errorf("%s: %v", filepath.Base(name), got.final)
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d vectors with private keys", seen)
	}
	// Nor may a message reveal part of a key at the place where a manifest breaks.
	reel := materialtest.NewReel("leak")
	for _, data := range [][]byte{
		[]byte(secret),
		[]byte(`[` + secret),
		[]byte(`[{"a":1 ` + secret),
		append(materialtest.Array(reel.Entry(reel.Chip(0))), secret...),
		bytes.Replace(materialtest.Array(reel.Entry(reel.Chip(0)), reel.Entry(reel.Chip(1))), []byte("},\n  {"), []byte("},"+secret), 1),
	} {
		got := collect(t, data, manifest.Options{})
		if got.final == nil || strings.Contains(got.final.Error(), secret[:3]) {
			t.Errorf("%v", got.final)
		}
	}
}

func must2(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}
