package infineon

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon/internal/sevenz"
	"github.com/thingpress/thingpress/manifest/internal/member"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// errEnough ends a pass whose consumer wants no more.
var errEnough = errors.New("enough")

// pieces yields the explanations next to the bundles, and the files of the chosen entries.
func pieces(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool) iter.Seq2[manifest.Piece, error] {
	return func(yield func(manifest.Piece, error) bool) {
		entry := 0
		opts.AllowCA = false // which reads everything twice, for verdicts that do not matter here
		entries := stream.Decode(ctx, vendor, in, opts, func(f *stream.Frame) error {
			d := &decoding{frame: f, bundle: cmp.Or(strings.ToUpper(opts.Bundle), bundles()[0])}
			d.onFile = func(m sevenz.Member) error {
				entry++
				if m.Size <= int64(d.frame.Limits.EntryBytes) && chosen(entry-1) && !yield(manifest.Piece{
					Archive: d.archive,
					Name:    m.Name, Content: d.buffer.Bytes(),
				}, nil) {
					return errEnough
				}
				return nil
			}
			if err := explanations(f, yield); err != nil {
				return err
			}
			return d.readManifest()
		})
		for _, err := range entries {
			var rejected *manifest.EntryError
			var broken *manifest.FileError
			switch {
			case err == nil, errors.As(err, &rejected):
			case errors.Is(err, errEnough):
				return
			case errors.As(err, &broken) && broken.Reason != manifest.ReasonPrivateKey && entry > 0:
				return // a break, before which entries were
			default:
				yield(manifest.Piece{}, err)
				return
			}
		}
	}
}

// explanations yields the files in the outer archive that explain it, as far as they are together no longer
// than an entry may be.
func explanations(f *stream.Frame, yield func(manifest.Piece, error) bool) error {
	outer, err := sevenz.Open(f.Input.Reader, f.Input.Size, f.Limits, f.Options.TempDir)
	if err != nil {
		return nil //nolint:nilerr // the pass over the entries reports it
	}
	defer outer.Close() //nolint:errcheck // a temporary file that has no name
	r := outer.Reader()
	defer r.Close()
	left := int64(f.Limits.EntryBytes)
	for {
		m, err := r.Next()
		switch {
		case err != nil:
			return nil //nolint:nilerr // as above, or the end
		case m.Directory, !member.IsReadme(m.Name), m.Unsafe != "", m.Size > left:
			continue
		}
		left -= m.Size
		content, err := io.ReadAll(r)
		if err != nil || manifest.HasPrivateKey(content) || manifest.IsPrivateKey(content) {
			continue // a damaged explanation is worth nothing, and the pass over the entries refuses keys
		}
		if !yield(manifest.Piece{Name: path.Base(m.Name), Content: content, Explains: true}, nil) {
			return errEnough
		}
	}
}
