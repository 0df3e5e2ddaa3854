package objects

import (
	"context"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// Cut writes the chosen entries, byte for byte; see [manifest.CutFunc]. If samePath is set they are a manifest in which
// the same path leads to them, else one array, in which they are found even if nothing in them shows the path. Choose
// and use are as for [Entries]; of the errors of use only those of a private key count.
func Cut(ctx context.Context, vendor string, in manifest.Input, opts manifest.Options, choose func([]byte) ([]string, error), samePath bool,
	use func(Entry) error, chosen func(entry int) bool, to io.Writer,
) (written int, err error) {
	var path []string
	err = stream.CutFrame(ctx, vendor, in, opts, func(f *stream.Frame) error {
		return Entries(f, func(head []byte) ([]string, error) {
			read, err := choose(head)
			if path = read; !samePath && len(path) > 0 {
				path = []string{Each}
			}
			return read, err
		}, func(e Entry) error {
			if err := use(e); manifest.ReasonOf(err) == manifest.ReasonPrivateKey {
				return err
			}
			if chosen(f.Entry) {
				if _, err := io.WriteString(to, before(path, written)); err != nil {
					return err
				}
				if _, err := to.Write(e.Raw); err != nil {
					return err
				}
				written++
			}
			return f.Emit(manifest.Device{}, "", nil)
		})
	})
	if err == nil && written > 0 {
		_, err = io.WriteString(to, after(path))
	}
	return written, err
}

// before returns the text before an entry, which is the first one if number is 0.
func before(path []string, number int) string {
	switch {
	case number > 0 && len(path) == 0:
		return "\n"
	case number > 0:
		return ",\n"
	}
	var b strings.Builder
	for _, part := range path {
		if part == Each {
			b.WriteString("[\n")
			continue
		}
		name, _ := jsontext.AppendQuote([]byte("{"), part) // it was read from valid UTF-8
		b.Write(append(name, ':'))
	}
	return b.String()
}

// after returns the text after the last entry.
func after(path []string) string {
	var text strings.Builder
	text.WriteByte('\n')
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == Each {
			text.WriteByte(']')
		} else {
			text.WriteByte('}')
		}
	}
	if len(path) > 0 {
		text.WriteByte('\n')
	}
	return text.String()
}
