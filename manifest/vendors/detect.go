package vendors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/container"
	"github.com/thingpress/thingpress/manifest/csv"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/foreign"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// Detect returns the format of a manifest, judged by its content only. If the
// content has no known format the error is a *[manifest.FileError] that says what
// it looks like. A container has the format of the first manifest in it, with a
// decoder for the container; see package [container].
func Detect(ctx context.Context, in manifest.Input) (manifest.Format, error) {
	if format, is, err := ofContainer(ctx, in, "", manifest.Options{}); is || err != nil {
		return format, err
	}
	return detectContent(in)
}

// detectContent is like [Detect] for content that is not a container.
func detectContent(in manifest.Input) (manifest.Format, error) {
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

// DetectAs returns the format with a name for a manifest. If the content is that of
// another format the error is a *[manifest.FileError] of [manifest.ReasonWrongFormat]
// that names it. Content that has no known format is left to the decoder, and so is a
// container, in which manifests of other formats are passed over.
func DetectAs(ctx context.Context, in manifest.Input, vendor string) (manifest.Format, error) {
	format, err := Lookup(vendor)
	if err != nil {
		return format, err
	}
	if format, is, err := ofContainer(ctx, in, vendor, manifest.Options{}); is || err != nil {
		return format, err
	}
	found, err := detectContent(in)
	var unknown *manifest.FileError
	switch {
	case errors.As(err, &unknown):
		return format, nil
	case err != nil:
		return format, err
	case found.Vendor() == vendor:
		return format, nil
	}
	wrong := manifest.Errorf(manifest.ReasonWrongFormat, "this is a manifest of format %s, not %s", found.Vendor(), vendor)
	return format, &manifest.FileError{Manifest: in.Name, Reason: manifest.ReasonWrongFormat, Err: wrong}
}

// Choose returns the format with which to decode a manifest: that of vendor if it is not
// empty, as [DetectAs], and otherwise that of the content, as [Detect]. With
// [manifest.Options.Columns] any table is of the format that takes them, and so is one of
// which vendor says so.
func Choose(ctx context.Context, in manifest.Input, vendor string, opts manifest.Options) (manifest.Format, error) {
	if format, is, err := ofContainer(ctx, in, vendor, opts); is || err != nil {
		return format, err
	}
	if format, is, err := ofTable(in, vendor, opts); is || err != nil {
		return format, err
	}
	if vendor != "" {
		return DetectAs(ctx, in, vendor)
	}
	return detectContent(in)
}

// mayBeTable reports whether a manifest has the columns of the options, is a table of a known
// format, or is text of no format whose lines have delimiters.
func mayBeTable(in manifest.Input, opts manifest.Options) (bool, error) {
	head, err := in.Head(manifest.DetectSize)
	if err != nil {
		return false, fmt.Errorf("manifest %s: %w", in.Name, err)
	}
	if foreign.Name(head) != "" {
		return false, nil
	}
	if csv.Fits(head, opts) {
		return true, nil
	}
	found, err := detectContent(in)
	if err == nil {
		return found.Table, nil
	}
	wrong := manifest.ReasonOf(err) == manifest.ReasonPrivateKey
	return !wrong && bytes.ContainsAny(stream.Head(head), ",;|\t"), nil
}

// ofTable returns the format that takes columns, if there are columns or if it is the vendor, and the
// content may be a table; otherwise is is false.
func ofTable(in manifest.Input, vendor string, opts manifest.Options) (format manifest.Format, is bool, err error) {
	format = csv.Format()
	if vendor != format.Vendor() && (vendor != "" || opts.Columns.IsZero()) {
		return format, false, nil
	}
	is, err = mayBeTable(in, opts)
	return format, is, err
}

// ofContainer returns the format of a container; is is false for other content.
func ofContainer(ctx context.Context, in manifest.Input, vendor string, opts manifest.Options,
) (format manifest.Format, is bool, err error) {
	head, err := in.Head(manifest.DetectSize)
	if err != nil {
		return format, false, fmt.Errorf("manifest %s: %w", in.Name, err)
	}
	if !container.Begins(head) {
		return format, false, nil
	}
	ofMember := func(in manifest.Input) (manifest.Format, error) {
		if format, is, err := ofTable(in, vendor, opts); is || err != nil {
			return format, err
		}
		return detectContent(in)
	}
	if vendor == "" {
		format, err = container.Detect(ctx, in, opts, ofMember)
		return format, true, err
	}
	if format, err = Lookup(vendor); err != nil {
		return format, true, err
	}
	return container.As(format, ofMember, true), true, nil
}

// privateJWK matches the private members of a JWK (RFC 7518, 6.2.2, 6.3.2 and 6.4.1).
var privateJWK = regexp.MustCompile(`"[dk]"\s*:\s*"`)

// holdsKey reports whether the beginning of a file is a private key, in any form that manifests have. A
// key in base64 or hex may be the whole file, or its first line.
func holdsKey(head []byte) bool {
	text := stream.Head(head)
	line, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	return manifest.HasPrivateKey(text) || manifest.IsPrivateKey(head) || armour.HoldsPrivateKey(text) || armour.HoldsPrivateKey(line) ||
		bytes.Contains(head, []byte(`"kty"`)) && privateJWK.Match(head)
}

// explain returns an error that says what a file looks like that no decoder claims.
func explain(head []byte) error {
	if holdsKey(head) {
		return manifest.ErrPrivateKey
	}
	if len(head) == 0 {
		return manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
	}
	if err := foreign.Error(head); err != nil {
		return err
	}
	for _, f := range Formats() {
		if f.Explain == nil {
			continue
		}
		if err := f.Explain(head); err != nil {
			return err
		}
	}
	if text := bytes.Join(bytes.Fields(stream.Head(head)), nil); string(text) == "[]" {
		return manifest.Errorf(manifest.ReasonEmpty, "the file is an empty JSON array: it has no entries")
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return manifest.Errorf(manifest.ReasonEmpty, "the file has only blanks")
	}
	return manifest.Errorf(manifest.ReasonUnknownFormat, "this is not a manifest of %s: it begins with %s",
		strings.Join(Names(), ", "), manifest.Quote(string(head[:min(len(head), 40)])))
}
