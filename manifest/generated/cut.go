package generated

import (
	"context"
	"io"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// cut writes the chosen entries of a list with their chains, comments, and what is passed over with them.
func cut(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool, to io.Writer) (int, error) {
	entries := Decoder{}.Decode(ctx, in, opts)
	return stream.Cut(entries, in, 0, chosen, func(_ int, entry io.Reader) error {
		_, err := io.Copy(to, entry)
		return err
	})
}
