package tpmxml

import (
	"context"
	"io"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// cut writes the chosen groups with what stands before the first one, and closes the root.
func cut(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool, to io.Writer) (written int,
	err error,
) {
	head, err := in.Head(3)
	if err != nil {
		return 0, err
	}
	mark := int64(0)
	if string(head) == "\xef\xbb\xbf" {
		mark = 3
	}
	var begun int64 // the offset after the start tag of the root
	var root string
	copied := func(from, end int64) error {
		_, err := io.Copy(to, io.NewSectionReader(in.Reader, from, end-from))
		return err
	}
	err = stream.CutFrame(ctx, vendor, in, opts, func(f *stream.Frame) error {
		return readGroups(f, func(start, end int64) error {
			if root != "" { // files were joined, and all groups go below the first root
				return nil
			}
			begun = mark + end
			tag := make([]byte, end-start) // no longer than an entry
			_, err := in.Reader.ReadAt(tag, mark+start)
			root, _, _ = strings.Cut(strings.Trim(strings.Join(strings.Fields(string(tag)), " "), "</>"), " ")
			return err
		}, func(g group) error {
			if err := g.fillDevice(&manifest.Device{}, &opts); manifest.ReasonOf(err) == manifest.ReasonPrivateKey {
				return err
			}
			if chosen(f.Entry) {
				if written == 0 {
					if err := copied(0, begun); err != nil {
						return err
					}
				}
				if _, err := io.WriteString(to, "\n"); err != nil {
					return err
				}
				if err := copied(mark+g.start, mark+g.end); err != nil {
					return err
				}
				written++
			}
			return f.Emit(manifest.Device{}, "", nil)
		})
	})
	if err == nil && written > 0 {
		_, err = io.WriteString(to, "\n</"+root+">\n")
	}
	return written, err
}
