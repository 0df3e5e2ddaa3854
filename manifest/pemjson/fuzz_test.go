package pemjson

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("../testdata/vectors/pem-json/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "", uint8(0))
		f.Add(data, "/*/certificatePem", uint8(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, label string, at uint8) {
		d := Decoder{}
		d.Detect(data, int64(len(data)))
		opts := manifest.Options{JSONPointer: label, Limits: manifest.Limits{EntryBytes: 1 << 14, Entries: 100, Depth: 8}}
		in := decodertest.Input(data)
		whole := decodertest.Collect(t, d, in, opts)
		if n := len(whole.Entries); n > 0 {
			decodertest.Resume(t, d, in, opts, whole, int(at)%n)
		}
	})
}
