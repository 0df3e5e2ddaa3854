package microchip_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/microchip"
)

// FuzzDecode looks for input that crashes the decoder, breaks the contract of its
// stream, yields a device that no signer of the vectors signed, or decodes
// differently after resuming.
func FuzzDecode(f *testing.F) {
	genuine := map[string]bool{}
	var opts manifest.Options
	for _, name := range vectorNames(f) {
		v, data := loadVector(f, name)
		f.Add(data)
		if v.SignerErrorContains != "" || v.Options.Slot != "" || v.Options.ThingName != "" || v.Options.AllowExpired {
			continue
		}
		o, err := v.options(f)
		if err != nil {
			f.Fatal(err)
		}
		for _, id := range collect(f, data, o).devices() {
			genuine[id] = true
		}
		opts.Signers = append(opts.Signers, o.Signers...)
	}
	genuine[""] = true
	f.Fuzz(func(t *testing.T, data []byte) {
		microchip.Decoder{}.Detect(data, int64(len(data)))
		got := collect(t, data, opts)
		for i, id := range got.devices() {
			if !genuine[id] {
				t.Fatalf("entry %d became %s", i, id)
			}
		}
		if got.final != nil {
			var file *manifest.FileError
			if !errors.As(got.final, &file) || file.Reason == "" || file.Entry > len(got.entries) {
				t.Fatalf("ended by %#v", got.final)
			}
		}
		if len(got.entries) == 0 || bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
			return
		}
		o := opts
		e := got.entries[0]
		o.Start = manifest.Position{Entry: 1, Offset: e.device.End}
		if e.err != nil {
			o.Start.Offset = e.err.End
		}
		rest := collect(t, data, o)
		if !slices.Equal(rest.devices(), got.devices()[1:]) || manifest.ReasonOf(rest.final) != manifest.ReasonOf(got.final) {
			t.Fatalf("resumed: %q, then %v; want %q, then %v", rest.devices(), rest.final, got.devices()[1:], got.final)
		}
	})
}

// FuzzParseSigners looks for a file that crashes the parser, or that yields a
// signer which the decoder then rejects.
func FuzzParseSigners(f *testing.F) {
	for _, name := range []string{"reel.pem", "reel.der", "two.pem", "crlf.pem", "half.pem", "rsa.pem", "request.pem", "empty.pem"} {
		f.Add(readSignerFile(f, name))
	}
	data := []byte("[]")
	f.Fuzz(func(t *testing.T, file []byte) {
		signers, err := microchip.ParseSigners(file)
		if (err == nil) != (len(signers) > 0) {
			t.Fatalf("%d signers and %v", len(signers), err)
		}
		if got := collect(t, data, manifest.Options{Signers: signers}); manifest.ReasonOf(got.final) != manifest.ReasonEmpty {
			t.Fatal(got.final)
		}
	})
}
