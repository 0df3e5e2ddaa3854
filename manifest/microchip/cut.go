package microchip

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

var errObjectFound = errors.New("an object has been found")

// cut writes the chosen entries as an array. A manifest is known by the object at its beginning, so
// that the first object precedes entries that are none.
func cut(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool, to io.Writer) (int, error) {
	before, moved := "[\n", -1
	write := func(entry io.Reader) error {
		if _, err := io.WriteString(to, before); err != nil {
			return err
		}
		before = ",\n"
		_, err := io.Copy(to, entry)
		return err
	}
	moveObject := func(number int, entry io.Reader, isObject bool) error {
		if !isObject {
			return nil
		}
		moved = number
		if err := write(entry); err != nil {
			return err
		}
		return errObjectFound
	}
	written, err := eachElement(ctx, in, opts, chosen, func(number int, entry io.Reader, isObject bool) error {
		if !isObject && before == "[\n" {
			if _, err := eachElement(ctx, in, opts, chosen, moveObject); err != nil && !errors.Is(err, errObjectFound) {
				return err
			}
		}
		if number == moved {
			return nil
		}
		return write(entry)
	})
	if err == nil && written > 0 {
		_, err = io.WriteString(to, "\n]\n")
	}
	return written, err
}

// eachElement calls use with each chosen entry, without the frame of the array and the space before it.
func eachElement(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool,
	use func(number int, entry io.Reader, isObject bool) error,
) (int, error) {
	r := bufio.NewReader(nil)
	return stream.Cut(Decoder{}.Decode(ctx, in, opts), in, 0, chosen, func(number int, entry io.Reader) error {
		frame := " \t\r\n,\xef\xbb\xbf" // no value begins with one of these
		if number == 0 {
			frame += "[" // the first entry is an object
		}
		r.Reset(entry)
		for {
			c, err := r.ReadByte()
			if err != nil {
				return err
			}
			if strings.IndexByte(frame, c) < 0 {
				_ = r.UnreadByte() // it was just read
				return use(number, r, c == '{')
			}
		}
	})
}
