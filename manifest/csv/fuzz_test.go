package csv

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("../testdata/vectors/csv/*.csv")
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "", uint8(0))
		f.Add(data, "cert=certificate,check=cn,id=serial,group=serial?", uint8(1))
		f.Add(data, "cert=3,check=2,attribute.a=1", uint8(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, text string, at uint8) {
		columns, err := manifest.ParseColumns(text)
		if err != nil {
			return
		}
		if again, err := manifest.ParseColumns(columns.String()); err != nil || again.String() != columns.String() {
			t.Fatalf("%q is written as %q, which is parsed as %q: %v", text, columns, again, err)
		}
		d := Decoder{}
		d.Detect(data, int64(len(data)))
		opts := manifest.Options{Limits: manifest.Limits{EntryBytes: 1 << 14, Entries: 100}, Columns: columns}
		in := decodertest.Input(data)
		whole := decodertest.Collect(t, d, in, opts)
		if n := len(whole.Entries); n > 0 {
			decodertest.Resume(t, d, in, opts, whole, int(at)%n)
		}
		if guess := manifest.GuessOf(whole.Final); !guess.IsZero() {
			// What a message offers must find the columns.
			opts.Columns = guess
			if got := decodertest.Collect(t, d, in, opts); manifest.ReasonOf(got.Final) == manifest.ReasonUnknownColumns && len(data) < 1<<14 {
				t.Fatalf("%s is offered, but: %v", guess, got.Final)
			}
		}
	})
}
