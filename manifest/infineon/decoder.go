package infineon

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon/internal/sevenz"
	"github.com/thingpress/thingpress/manifest/internal/spool"
	"github.com/thingpress/thingpress/manifest/internal/stream"
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
		Skips:      skips,
		Pieces:     pieces,
	}
}

// A Decoder reads Infineon manifests. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "infineon".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether head is the beginning of a 7z archive.
func (Decoder) Detect(head []byte, _ int64) bool { return bytes.HasPrefix(head, []byte(sevenz.Magic)) }

// explain recognizes a decrypted list of keys.
func explain(head []byte) error {
	if isKeyList(head) {
		return errKeyList
	}
	return nil
}

// skips reports whether an archive in a container is that of the keys, or that of another bundle than
// the chosen one, as they lie side by side after the outer archive was unpacked.
func skips(name string, opts manifest.Options) bool {
	base := path.Base(name)
	object, _ := bundleOf(base)
	return strings.HasSuffix(strings.ToLower(base), keysSuffix) ||
		object != "" && object != cmp.Or(strings.ToUpper(opts.Bundle), bundles()[0])
}

// Decode yields the entries of a manifest.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, func(f *stream.Frame) error {
		d := &decoding{frame: f, bundle: cmp.Or(strings.ToUpper(opts.Bundle), bundles()[0])}
		return d.readManifest()
	})
}

// A decoding is one pass over a manifest.
type decoding struct {
	frame      *stream.Frame
	bundle     string
	reel       string
	names      names
	passedOver stream.PassedOver // the first entry names it
	renamed    []string          // other bundles, in archives that were renamed
	buffer     bytes.Buffer
	archive    string                    // name of the archive of the bundle; empty if there is none
	onFile     func(sevenz.Member) error // is called with each file in the buffer; may be nil
}

func (d *decoding) readManifest() error {
	if !slices.Contains(bundles(), d.bundle) {
		return manifest.Errorf(manifest.ReasonNoBundle,
			"there is no bundle %s; there are %s", manifest.Quote(d.frame.Options.Bundle), strings.Join(bundles(), ", "))
	}
	outer, err := sevenz.Open(d.frame.Input.Reader, d.frame.Input.Size, d.frame.Limits, d.frame.Options.TempDir)
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
		d.reel = reelOf(path.Base(d.frame.Input.Name))
		return d.readEntries(outer, found)
	case found.files == 0:
		return manifest.Errorf(manifest.ReasonEmpty, "the archive has no files")
	}
	inner, err := d.bundleOfManifest(outer, found)
	if err != nil {
		return err
	}
	defer inner.Close() //nolint:errcheck // as above
	return d.readBundle(inner, inner.Size())
}

// bundleOfManifest spools the archive of the chosen bundle. If no name tells which
// it is, the content does.
func (d *decoding) bundleOfManifest(outer *sevenz.Archive, found listing) (*spool.Spool, error) {
	chosen, err := d.choose(found)
	if err == nil {
		return d.extract(outer, chosen)
	}
	if manifest.ReasonOf(err) == manifest.ReasonNoBundle {
		renamed, failed := d.extractByContent(outer)
		if renamed != nil || failed != nil {
			return renamed, failed
		}
		if slices.Sort(d.renamed); len(d.renamed) > 0 {
			return nil, manifest.Errorf(manifest.ReasonNoBundle,
				"bundle %s is not in the archive; archives that were renamed have %s", d.bundle, strings.Join(slices.Compact(d.renamed), ", "))
		}
	}
	return nil, err
}

// readBundle decodes the archive of a bundle.
func (d *decoding) readBundle(r io.ReaderAt, size int64) error {
	archive, err := sevenz.Open(r, size, d.frame.Limits, d.frame.Options.TempDir)
	if err != nil {
		return d.ofBundle(err)
	}
	defer archive.Close() //nolint:errcheck // as above
	found, err := d.list(archive)
	switch {
	case err != nil:
		return d.ofBundle(err)
	case len(found.archives) > 0:
		return manifest.Errorf(manifest.ReasonLimitExceeded,
			"bundle %s: there are archives in it; archives in archives in an archive are not opened", d.bundle)
	}
	return d.readEntries(archive, found)
}

// unreadable adds what the name of the manifest reveals about an error.
func (d *decoding) unreadable(err error) error {
	head, headErr := d.frame.Input.Head(manifest.DetectSize)
	switch reason := manifest.ReasonOf(err); {
	case reason == manifest.ReasonUnknownFormat && headErr == nil && (manifest.HasPrivateKey(head) || manifest.IsPrivateKey(head)):
		return manifest.ErrPrivateKey
	case reason == manifest.ReasonUnknownFormat && headErr == nil && isKeyList(head):
		return errKeyList
	case isVolume(d.frame.Input.Name) && (reason == manifest.ReasonUnknownFormat || reason == manifest.ReasonTruncated):
		return manifest.Errorf(reason, "this is one volume of an archive that was split; put the volumes together first: cat name.7z.* > name.7z")
	}
	return err
}

// ofBundle adds the chosen bundle to an error.
func (d *decoding) ofBundle(err error) error {
	if reason := manifest.ReasonOf(err); reason != "" && reason != manifest.ReasonPrivateKey {
		return manifest.Exceeded(reason, manifest.LimitOf(err), "bundle %s: %w", d.bundle, err)
	}
	return err
}

// isVolume reports whether a file's name ends in .001 or another number of three digits.
func isVolume(name string) bool {
	number := path.Ext(name)
	return len(number) == 4 && strings.Trim(number[1:], "0123456789") == ""
}
