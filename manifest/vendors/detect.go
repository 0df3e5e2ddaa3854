package vendors

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/csv"
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

// DetectAs returns the format with a name for a manifest. If the content is that of
// another format the error is a *[manifest.FileError] of [manifest.ReasonWrongFormat]
// that names it. Content that has no known format is left to the decoder.
func DetectAs(in manifest.Input, vendor string) (manifest.Format, error) {
	format, err := Lookup(vendor)
	if err != nil {
		return format, err
	}
	found, err := Detect(in)
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
func Choose(in manifest.Input, vendor string, opts manifest.Options) (manifest.Format, error) {
	format := csv.Format()
	if vendor == format.Vendor() || vendor == "" && !opts.Columns.IsZero() {
		if table, err := mayBeTable(in, opts); table || err != nil {
			return format, err
		}
	}
	if vendor != "" {
		return DetectAs(in, vendor)
	}
	return Detect(in)
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
	found, err := Detect(in)
	if err == nil {
		return found.Table, nil
	}
	wrong := manifest.ReasonOf(err) == manifest.ReasonPrivateKey
	return !wrong && bytes.ContainsAny(stream.Head(head), ",;|\t"), nil
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
	if text := bytes.Join(bytes.Fields(stream.Head(head)), nil); string(text) == "[]" {
		return manifest.Errorf(manifest.ReasonEmpty, "the file is an empty JSON array: it has no entries")
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return manifest.Errorf(manifest.ReasonEmpty, "the file has only blanks")
	}
	return manifest.Errorf(manifest.ReasonUnknownFormat, "this is not a manifest of %s: it begins with %s",
		strings.Join(Names(), ", "), manifest.Quote(string(head[:min(len(head), 40)])))
}
