package generated

import (
	"context"
	"encoding/pem"
	"io"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// cut writes the chosen entries of a list with their chains, comments, and what is passed over with them. Of a
// PKCS #7 container it writes the certificates alone: PEM blocks, or DER into a list in DER.
func cut(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool, to io.Writer) (int, error) {
	head, err := in.Head(manifest.DetectSize)
	if err != nil {
		return 0, err
	}
	der := shapeOf(head) == shapeDER
	var unpacked [][]byte // of the entry that is yielded next
	opts.AllowCA = false  // which reads everything twice, for verdicts that do not matter here
	entries := stream.Decode(ctx, vendor, in, opts, func(f *stream.Frame) error {
		return readUnits(f, func(certificates [][]byte) { unpacked = certificates })
	})
	return stream.Cut(entries, in, 0, chosen, func(_ int, entry io.Reader) error {
		if unpacked == nil {
			_, err := io.Copy(to, entry)
			return err
		}
		return writeUnpacked(to, unpacked, der)
	})
}

// writeUnpacked writes certificates that were in a container.
func writeUnpacked(to io.Writer, certificates [][]byte, der bool) error {
	for _, certificate := range certificates {
		var err error
		if der {
			_, err = to.Write(certificate)
		} else {
			err = pem.Encode(to, &pem.Block{Type: "CERTIFICATE", Bytes: certificate})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
