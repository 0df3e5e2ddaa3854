// Package window reads the text of a manifest through a window of bounded size
// and keeps count of lines and offsets.
package window

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"

	"github.com/thingpress/thingpress/manifest"
)

// chunk is how much is read at once.
const chunk = 256 << 10

var bomUTF8 = []byte("\xef\xbb\xbf")

// A Window is a part of a manifest's text, as UTF-8. It is not safe for
// concurrent use.
type Window struct {
	in      manifest.Input
	secrets *manifest.SecretReader
	text    []byte
	at      int
	base    int64 // offset in the manifest of text[0]
	offsets bool  // the text's bytes are the manifest's own
	line    int
	ended   bool
}

// Open goes to the beginning of the text, behind a byte order mark. UTF-16 with
// a mark is converted, and then there are no offsets.
func Open(in manifest.Input) (*Window, error) {
	head, err := in.Head(4)
	if err != nil {
		return nil, err
	}
	w := &Window{in: in}
	if IsUTF16(head) {
		w.secrets = manifest.NewSecretReader(FromUTF16(in.Section(0)))
		w.line = 1
		return w, nil
	}
	w.offsets = true
	w.seek(int64(len(head)-len(bytes.TrimPrefix(head, bomUTF8))), 1)
	return w, nil
}

// IsUTF16 says whether text begins with a byte order mark of UTF-16.
func IsUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))
}

// FromUTF16 converts text that begins with a byte order mark to UTF-8.
func FromUTF16(r io.Reader) io.Reader {
	return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(r)
}

// Head returns the beginning of a manifest as UTF-8 without its mark.
func Head(head []byte) []byte {
	if IsUTF16(head) {
		// What the cut leaves of the last character is no error here.
		head, _ = io.ReadAll(FromUTF16(bytes.NewReader(head)))
	}
	return bytes.TrimPrefix(head, bomUTF8)
}

func (w *Window) seek(offset int64, line int) {
	w.secrets = manifest.NewSecretReader(w.in.Section(offset))
	w.text, w.at, w.base, w.ended = w.text[:0], 0, offset, false
	w.line = line
}

// GoTo goes to an offset. Where line is 0 the lines before it are counted.
func (w *Window) GoTo(offset int64, line int) error {
	if !w.offsets || offset < 0 || offset > w.in.Size {
		return manifest.Errorf(manifest.ReasonChanged, "there is no entry at byte %d", offset)
	}
	if line == 0 {
		counted, err := countLines(io.NewSectionReader(w.in.Reader, 0, offset))
		if err != nil {
			return fmt.Errorf("manifest %s: read: %w", w.in.Name, err)
		}
		line = 1 + counted
	}
	w.seek(offset, line)
	return nil
}

// Text returns what of the window was not passed. It is valid until the next
// call of Fill.
func (w *Window) Text() []byte { return w.text[w.at:] }

// Ended says whether nothing follows the window.
func (w *Window) Ended() bool { return w.ended }

// Line is the line of the first byte of Text, from 1.
func (w *Window) Line() int { return w.line }

// Offset is the place in the manifest of the first byte of Text; 0 where the
// text was converted.
func (w *Window) Offset() int64 {
	if !w.offsets {
		return 0
	}
	return w.base + int64(w.at)
}

// Fill reads more into the window, if there is more, and fails where a private
// key shows up.
func (w *Window) Fill() error {
	if w.ended {
		return nil
	}
	if w.at > 0 {
		w.base += int64(w.at)
		w.text = w.text[:copy(w.text, w.text[w.at:])]
		w.at = 0
	}
	if cap(w.text)-len(w.text) < chunk/2 {
		grown := make([]byte, len(w.text), max(2*cap(w.text), chunk))
		copy(grown, w.text)
		w.text = grown
	}
	n, err := w.secrets.Read(w.text[len(w.text):cap(w.text)])
	w.text = w.text[:len(w.text)+n]
	switch {
	case w.secrets.Found():
		return manifest.ErrPrivateKey
	case errors.Is(err, io.EOF):
		w.ended = true
	case err != nil:
		return fmt.Errorf("manifest %s: read: %w", w.in.Name, err)
	}
	return nil
}

// Pass leaves the first n bytes of Text behind, which do not end between the
// two characters of a line end.
func (w *Window) Pass(n int) {
	w.line += CountBreaks(w.text[w.at : w.at+n])
	w.at += n
}

// HoldsKey reads to the end and says whether a private key is anywhere in what
// follows. The error is that of a context that ended the search.
func (w *Window) HoldsKey() (bool, error) {
	found, err := w.secrets.Drain()
	if !found && Interrupted(err) {
		return false, err
	}
	// A reader that fails ends the stream all the same, for the reason at hand.
	return found, nil
}

// CountBreaks counts line ends: LF, CR LF, and CR alone.
func CountBreaks(text []byte) int {
	n := bytes.Count(text, []byte{'\n'})
	for rest := text; ; {
		cr := bytes.IndexByte(rest, '\r')
		if cr < 0 {
			return n
		}
		if rest = rest[cr+1:]; len(rest) == 0 || rest[0] != '\n' {
			n++
		}
	}
}

func countLines(r io.Reader) (int, error) {
	buffer := make([]byte, chunk)
	n, held := 0, false
	for {
		got, err := r.Read(buffer)
		text := buffer[:got]
		// A CR at the end of a chunk counts with the next one, which may begin with its LF.
		if held && got > 0 && text[0] != '\n' {
			n++
		}
		if got > 0 {
			if held = text[len(text)-1] == '\r'; held {
				text = text[:len(text)-1]
			}
		}
		n += CountBreaks(text)
		switch {
		case errors.Is(err, io.EOF):
			if held {
				n++
			}
			return n, nil
		case err != nil:
			return 0, err
		}
	}
}
