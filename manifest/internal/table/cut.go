package table

import (
	"context"
	"errors"
	"io"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

var errHeaderEnd = errors.New("the header has been read")

// Cut writes everything up to the end of the header, and the chosen records. It is the
// [manifest.CutFunc] of a format whose header find finds.
func Cut(ctx context.Context, decoder manifest.Decoder, find Finder, in manifest.Input, opts manifest.Options,
	chosen func(entry int) bool, to io.Writer,
) (int, error) {
	var start int64
	for _, err := range stream.Decode(ctx, decoder.Vendor(), in, opts, func(f *stream.Frame) error {
		r, err := Open(f, find)
		if err != nil {
			return err
		}
		start = r.w.Offset()
		return errHeaderEnd
	}) {
		if !errors.Is(err, errHeaderEnd) {
			return 0, err
		}
	}
	begun := false
	return stream.Cut(decoder.Decode(ctx, in, opts), in, start, chosen, func(_ int, entry io.Reader) error {
		if !begun {
			if _, err := io.Copy(to, io.NewSectionReader(in.Reader, 0, start)); err != nil {
				return err
			}
			begun = true
		}
		_, err := io.Copy(to, entry)
		return err
	})
}
