package vendors

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/foreign"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// Detect returns the format of a manifest, judged by its content only. If the
// content has no known format the error is a *[manifest.FileError] that says what
// it looks like.
func Detect(in manifest.Input) (manifest.Format, error) {
	head, err := in.Head(manifest.DetectSize)
	if err != nil {
		return manifest.Format{}, fmt.Errorf("manifest %s: %w", in.Name, err)
	}
	var claims []manifest.Format
	var names []string
	for _, f := range Formats() {
		if f.Detect(head, in.Size) && !foreign.Contains(head) {
			claims, names = append(claims, f), append(names, f.Vendor())
		}
	}
	if len(claims) == 1 {
		return claims[0], nil
	}
	unknown := &manifest.FileError{Manifest: in.Name, Err: explain(head)}
	if len(claims) > 1 {
		unknown.Err = manifest.Errorf(manifest.ReasonUnknownFormat, "this may be a manifest of %s", strings.Join(names, " or of "))
	}
	unknown.Reason = manifest.ReasonOf(unknown.Err)
	return manifest.Format{}, unknown
}

// explain returns an error that says what a file looks like that no decoder claims.
func explain(head []byte) error {
	if manifest.HasPrivateKey(stream.Head(head)) || manifest.IsPrivateKey(head) {
		return manifest.ErrPrivateKey
	}
	if len(head) == 0 {
		return manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
	}
	if what := foreign.Name(head); what != "" {
		return manifest.Errorf(manifest.ReasonUnsupportedFormat, "this is %s", what)
	}
	for _, f := range Formats() {
		if f.Explain == nil {
			continue
		}
		if err := f.Explain(head); err != nil {
			return err
		}
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return manifest.Errorf(manifest.ReasonEmpty, "the file has only blanks")
	}
	return manifest.Errorf(manifest.ReasonUnknownFormat, "this is not a manifest of %s: it begins with %s",
		strings.Join(Names(), ", "), manifest.Quote(string(head[:min(len(head), 40)])))
}
