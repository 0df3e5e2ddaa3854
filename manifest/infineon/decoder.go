package infineon

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon/internal/sevenz"
)

const vendor = "infineon"

// bundles returns the certificate objects of a chip, the default first.
func bundles() []string { return []string{"E0E0", "E0E1", "E0E2"} }

// Format describes the manifests of Infineon.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "Infineon", Extension: ".7z", Archive: true,
		Options: []manifest.FormatOption{{Name: manifest.OptionBundle, Values: bundles()}},
		Limits: []manifest.LimitName{
			manifest.LimitArchiveMembers, manifest.LimitExpandedBytes, manifest.LimitExpansionRatio, manifest.LimitDictionaryBytes,
		},
		Attributes: []string{manifest.AttributeChipID, manifest.AttributeReelID, manifest.AttributeBundle},
		Explain:    explain,
	}
}

// A Decoder reads Infineon manifests. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "infineon".
func (Decoder) Vendor() string { return vendor }

// Detect says whether head is the beginning of a 7z archive.
func (Decoder) Detect(head []byte, _ int64) bool { return bytes.HasPrefix(head, []byte(sevenz.Magic)) }

// explain recognises a decrypted list of keys.
func explain(head []byte) error {
	if isKeyList(head) {
		return errKeyList
	}
	return nil
}

// Decode yields the entries of a manifest.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		d := &decoding{ctx: ctx, in: in, opts: &opts, limits: opts.Limits.OrDefault(), yield: yield}
		if err := d.run(); err != nil {
			yield(manifest.Device{}, d.broken(err))
		}
	}
}

// A decoding is one pass over a manifest.
type decoding struct {
	ctx    context.Context //nolint:containedctx // lives as long as the call that was given it
	in     manifest.Input
	opts   *manifest.Options
	limits manifest.Limits
	yield  func(manifest.Device, error) bool

	bundle string
	reel   string
	entry  int // index of the next entry
	chips  chips
	names  names
	buffer bytes.Buffer
}

func (d *decoding) sevenz() sevenz.Limits {
	return sevenz.Limits{
		Members:    d.limits.ArchiveMembers,
		Expanded:   d.limits.ExpandedBytes,
		Ratio:      d.limits.ExpansionRatio,
		Dictionary: d.limits.DictionaryBytes,
	}
}

// run returns the error that ends the stream, and nil where it is complete or
// the caller has left.
func (d *decoding) run() error {
	d.bundle = cmp.Or(strings.ToUpper(d.opts.Bundle), bundles()[0])
	if !slices.Contains(bundles(), d.bundle) {
		return manifest.Errorf(manifest.ReasonNoBundle, "there is no bundle %s; there are %s", manifest.Quote(d.opts.Bundle), strings.Join(bundles(), ", "))
	}
	outer, err := sevenz.Open(d.in.Reader, d.in.Size, d.sevenz(), d.opts.TempDir)
	if err != nil {
		return d.unreadable(err)
	}
	defer outer.Close() //nolint:errcheck // a temporary file that has no name
	found, err := d.list(outer)
	if err != nil {
		return err
	}
	switch {
	case len(found.archives) == 0 && found.certificates > 0:
		d.reel = reelOf(path.Base(d.in.Name))
		return d.entries(outer, found)
	case found.files == 0:
		return manifest.Errorf(manifest.ReasonEmpty, "the archive has no files")
	}
	chosen, err := d.choose(found)
	if err != nil {
		return err
	}
	inner, err := d.extract(outer, chosen)
	if err != nil {
		return err
	}
	defer inner.Close() //nolint:errcheck // as above
	return d.inner(inner, inner.Size())
}

// inner decodes the archive of a bundle.
func (d *decoding) inner(r io.ReaderAt, size int64) error {
	archive, err := sevenz.Open(r, size, d.sevenz(), d.opts.TempDir)
	if err != nil {
		return d.ofBundle(err)
	}
	defer archive.Close() //nolint:errcheck // as above
	found, err := d.list(archive)
	switch {
	case err != nil:
		return d.ofBundle(err)
	case len(found.archives) > 0:
		return manifest.Errorf(manifest.ReasonLimitExceeded, "bundle %s: there are archives in it; archives in archives in an archive are not opened", d.bundle)
	}
	return d.entries(archive, found)
}

// unreadable adds what the name of the manifest tells.
func (d *decoding) unreadable(err error) error {
	head, headErr := d.in.Head(manifest.DetectSize)
	switch reason := manifest.ReasonOf(err); {
	case reason == manifest.ReasonUnknownFormat && headErr == nil && (manifest.HasPrivateKey(head) || manifest.IsPrivateKey(head)):
		return manifest.ErrPrivateKey
	case reason == manifest.ReasonUnknownFormat && headErr == nil && isKeyList(head):
		return errKeyList
	case isVolume(d.in.Name) && (reason == manifest.ReasonUnknownFormat || reason == manifest.ReasonTruncated):
		return manifest.Errorf(reason, "this is one volume of an archive that was split; put the volumes together first: cat name.7z.* > name.7z")
	}
	return err
}

// ofBundle says that an error is the chosen bundle's.
func (d *decoding) ofBundle(err error) error {
	if reason := manifest.ReasonOf(err); reason != "" && reason != manifest.ReasonPrivateKey {
		return manifest.Exceeded(reason, manifest.LimitOf(err), "bundle %s: %w", d.bundle, err)
	}
	return err
}

// broken ends the manifest at the entry at hand. What is not the content's
// fault stays what it is.
func (d *decoding) broken(err error) error {
	reason := manifest.ReasonOf(err)
	switch {
	case d.ctx.Err() != nil && errors.Is(err, d.ctx.Err()):
		return err
	case reason == "":
		return fmt.Errorf("%s: %s: %w", vendor, d.in.Name, err)
	}
	return &manifest.FileError{Vendor: vendor, Manifest: d.in.Name, Entry: d.entry, Reason: reason, Limit: manifest.LimitOf(err), Err: err}
}

// isVolume says whether a file's name ends in .001 or another number of three digits.
func isVolume(name string) bool {
	number := path.Ext(name)
	return len(number) == 4 && strings.Trim(number[1:], "0123456789") == ""
}

// A contextReader ends when the context does.
type contextReader struct {
	ctx context.Context //nolint:containedctx // as above
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
