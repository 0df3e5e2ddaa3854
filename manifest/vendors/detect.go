package vendors

import (
	"bytes"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/foreign"
	"github.com/thingpress/thingpress/manifest/internal/window"
)

// An explainer is a decoder that knows files which stand beside its vendor's
// manifests and are none. Explain says what a file with that beginning is, in
// an error with a [manifest.Reason], and nil where it does not know.
type explainer interface {
	Explain(head []byte) error
}

// Detect returns the decoder of the vendor whose manifest in is, judged by its
// content; its name does not matter. What is nobody's is a
// *[manifest.FileError] that says what it looks like.
func Detect(in manifest.Input) (manifest.Decoder, error) {
	head, err := in.Head(manifest.DetectSize)
	if err != nil {
		return nil, err
	}
	var claims []manifest.Decoder
	for _, d := range Decoders() {
		if d.Detect(head, in.Size) && !foreign.Contains(head) {
			claims = append(claims, d)
		}
	}
	if len(claims) == 1 {
		return claims[0], nil
	}
	unknown := &manifest.FileError{Manifest: in.Name, Err: explain(head)}
	if len(claims) > 1 {
		var names []string
		for _, d := range claims {
			names = append(names, d.Vendor())
		}
		unknown.Err = manifest.Errorf(manifest.ReasonUnknownFormat, "this may be a manifest of %s", strings.Join(names, " or of "))
	}
	unknown.Reason = manifest.ReasonOf(unknown.Err)
	return nil, unknown
}

// explain says what a file looks like that no decoder claims.
func explain(head []byte) error {
	if manifest.HasPrivateKey(window.Head(head)) || manifest.IsPrivateKey(head) {
		return manifest.ErrPrivateKey
	}
	if len(head) == 0 {
		return manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
	}
	if what := foreign.Name(head); what != "" {
		return manifest.Errorf(manifest.ReasonUnsupportedFormat, "this is %s", what)
	}
	for _, d := range Decoders() {
		if e, ok := d.(explainer); ok {
			if err := e.Explain(head); err != nil {
				return err
			}
		}
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return manifest.Errorf(manifest.ReasonEmpty, "there are only blanks in the file")
	}
	return manifest.Errorf(manifest.ReasonUnknownFormat, "this is not a manifest of %s: it begins with %s",
		strings.Join(Names(), ", "), manifest.Quote(string(head[:min(len(head), 40)])))
}
