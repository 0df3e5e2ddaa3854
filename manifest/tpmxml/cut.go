package tpmxml

import (
	"context"
	"errors"
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
	text := string(head)
	if len(text) > 1 && (text[:2] == "\xff\xfe" || text[:2] == "\xfe\xff") {
		return 0, manifest.Errorf(manifest.ReasonUnsupportedFormat, "the file is UTF-16; entries are cut only out of UTF-8")
	}
	mark := int64(0)
	if text == "\xef\xbb\xbf" {
		mark = 3
	}
	var begun int64 // the offset after the start tag of the root
	var root string
	copied := func(from, end int64) error {
		_, err := io.Copy(to, io.NewSectionReader(in.Reader, from, end-from))
		return err
	}
	read := func(f *stream.Frame) error {
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
	}
	opts.AllowCA = false // it would read the manifest twice
	for _, err := range stream.Decode(ctx, vendor, in, opts, read) {
		var broken *manifest.FileError
		switch {
		case errors.As(err, &broken) && broken.Reason != manifest.ReasonPrivateKey: // a break ends the manifest
		case err != nil:
			return written, err
		}
	}
	if written > 0 {
		_, err = io.WriteString(to, "\n</"+root+">\n")
	}
	return written, err
}
