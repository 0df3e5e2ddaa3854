package microchip

import (
	"bytes"
	"context"
	"io"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// cut writes the chosen entries as an array. A manifest is known by the object at its beginning, so
// that entries that are none follow the first object.
func cut(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool, to io.Writer) (int, error) {
	var held [][]byte
	before := "[\n"
	write := func(entry []byte) error {
		_, err := to.Write(append([]byte(before), entry...))
		before = ",\n"
		return err
	}
	writeHeld := func() error {
		for _, entry := range held {
			if err := write(entry); err != nil {
				return err
			}
		}
		held = nil
		return nil
	}
	begun := false
	written, err := stream.Cut(Decoder{}.Decode(ctx, in, opts), in, 0, chosen, func(number int, entry io.Reader) error {
		raw, err := io.ReadAll(entry)
		if err != nil {
			return err
		}
		frame := ","
		if number == 0 {
			frame = "["
		}
		raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
		raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte(frame)))
		if !begun && !bytes.HasPrefix(raw, []byte("{")) {
			held = append(held, raw)
			return nil
		}
		begun = true
		if err := write(raw); err != nil {
			return err
		}
		return writeHeld()
	})
	if err == nil {
		err = writeHeld()
	}
	if err == nil && written > 0 {
		_, err = io.WriteString(to, "\n]\n")
	}
	return written, err
}
