package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"

	"github.com/thingpress/thingpress/manifest"
)

// chunk is the number of bytes per read.
const chunk = 256 << 10

var bomUTF8 = []byte("\xef\xbb\xbf")

// A Window is a part of a manifest's text as UTF-8. It moves over the text with
// bounded memory and tracks lines and offsets. It is not safe for concurrent use.
type Window struct {
	in      manifest.Input
	most    int  // maximum length of an entry
	lines   bool // whether to count lines
	secrets *manifest.SecretReader
	text    []byte
	at      int
	base    int64 // offset in the manifest of text[0]
	offsets bool  // the text's bytes are the manifest's own
	line    int
	ended   bool

	stopAtKey bool // text before a private key is still returned
	atKey     bool // the text ends before a private key

	keyLine   int   // line of the armour of a private key; 0 if unknown
	keyOffset int64 // its offset, as of [Window.Offset]
}

// errKey is the error for the armour of a private key in the text.
var errKey = manifest.Errorf(manifest.ReasonPrivateKey,
	"the file contains a private key (PRIVATE KEY)")

// StopAtKey makes a private key an error only after the text before it has been
// used. It must be called before Fill.
func (w *Window) StopAtKey() { w.stopAtKey = true }

// open goes to the beginning of the text, after a byte order mark. UTF-16 with a
// mark is converted, and then there are no offsets.
func open(in manifest.Input, most int, lines bool) (*Window, error) {
	head, err := in.Head(4)
	if err != nil {
		return nil, err
	}
	w := &Window{in: in, most: most, lines: lines}
	if isUTF16(head) {
		w.secrets = manifest.NewSecretReader(fromUTF16(in.Section(0)))
		w.line = 1
		return w, nil
	}
	w.offsets = true
	w.seek(int64(len(head)-len(bytes.TrimPrefix(head, bomUTF8))), 1)
	return w, nil
}

// isUTF16 reports whether text begins with a byte order mark of UTF-16.
func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))
}

// fromUTF16 converts text that begins with a byte order mark to UTF-8.
func fromUTF16(r io.Reader) io.Reader {
	return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(r)
}

// Head returns the beginning of a manifest as UTF-8 without its mark.
func Head(head []byte) []byte {
	if isUTF16(head) {
		// The last character may be cut; that is not an error here.
		head, _ = io.ReadAll(fromUTF16(bytes.NewReader(head)))
	}
	return bytes.TrimPrefix(head, bomUTF8)
}

func (w *Window) seek(offset int64, line int) {
	w.secrets = manifest.NewSecretReader(w.in.Section(offset))
	w.text, w.at, w.base, w.ended = w.text[:0], 0, offset, false
	w.line = line
}

// goTo goes to an offset. If line is 0 it counts the lines before the offset.
func (w *Window) goTo(offset int64, line int) error {
	if !w.offsets || offset < 0 || offset > w.in.Size {
		return manifest.Errorf(manifest.ReasonChanged, "there is no entry at byte %d", offset)
	}
	if line == 0 && w.lines {
		var err error
		if line, err = w.lineAt(offset); err != nil {
			return err
		}
	}
	w.seek(offset, line)
	return nil
}

// lineAt returns the line at an offset.
func (w *Window) lineAt(offset int64) (int, error) {
	before := &Window{in: manifest.Input{Reader: w.in.Reader, Size: offset}, lines: true}
	before.seek(0, 1)
	for !before.ended {
		if err := before.Fill(); err != nil {
			return 0, err
		}
		n := len(before.Text())
		if !before.ended && n > 0 && before.Text()[n-1] == '\r' {
			n-- // its LF may follow
		}
		before.Pass(n)
	}
	return before.line, nil
}

// Text returns the part of the window that was not passed. It is valid until the
// next call of Fill.
func (w *Window) Text() []byte { return w.text[w.at:] }

// Ended reports whether nothing follows the window.
func (w *Window) Ended() bool { return w.ended }

// Line returns the line of the first byte of Text, from 1; 0 if lines are not counted.
func (w *Window) Line() int {
	if !w.lines {
		return 0
	}
	return w.line
}

// Offset returns the offset of the first byte of Text in the manifest; 0 if the
// text was converted.
func (w *Window) Offset() int64 {
	if !w.offsets {
		return 0
	}
	return w.base + int64(w.at)
}

// Fill reads more into the window, if there is more. It fails if it reads a private key.
func (w *Window) Fill() error {
	switch {
	case w.atKey:
		return errKey
	case w.ended:
		return nil
	}
	if w.at > 0 {
		w.base += int64(w.at)
		w.text = w.text[:copy(w.text, w.text[w.at:])]
		w.at = 0
	}
	w.makeRoom()
	n, err := w.secrets.Read(w.text[len(w.text):cap(w.text)])
	w.text = w.text[:len(w.text)+n]
	switch {
	case w.secrets.Found():
		at := bytes.Index(w.text, []byte("PRIVATE KEY"))
		w.markKey(at)
		if w.atKey = w.stopAtKey && at >= 0; !w.atKey {
			return errKey
		}
		w.text = w.text[:at]
	case errors.Is(err, io.EOF):
		w.ended = true
	case err != nil && n == 0: // otherwise the data comes first
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

// makeRoom makes room for the next read. The files in a container may be many and short, so that it
// makes no more of it than the rest of the manifest needs.
func (w *Window) makeRoom() {
	room, size := chunk/2, max(2*cap(w.text), chunk)
	if left := w.in.Size - w.base - int64(len(w.text)); w.offsets && left < int64(room) {
		room = int(max(left, 0)) + 1 // to see the end
		size = len(w.text) + room
	}
	if cap(w.text)-len(w.text) >= room {
		return
	}
	grown := make([]byte, len(w.text), size)
	copy(grown, w.text)
	w.text = grown
}

// markKey notes the place of a private key, found at an index of the text; -1 if it
// is encoded.
func (w *Window) markKey(at int) {
	if at < w.at {
		return
	}
	if w.lines {
		w.keyLine = w.line + CountBreaks(w.text[w.at:at])
	}
	if w.offsets {
		w.keyOffset = w.base + int64(at)
	}
}

// More reads more into the window for an entry that continues after it. It fails
// if the entry becomes too long. what names the entry.
func (w *Window) More(what string) error {
	if w.Over(len(w.Text())) {
		return w.TooLong(what)
	}
	return w.Fill()
}

// Over reports whether n bytes exceed the limit of an entry.
func (w *Window) Over(n int) bool { return n > w.most }

// TooLong returns the error for an entry, or a part of one, named by what.
func (w *Window) TooLong(what string) error {
	limit := manifest.Limit{Name: manifest.LimitEntryBytes, Value: int64(w.most)}
	return manifest.Exceeded(manifest.ReasonLimitExceeded, limit, "%s is longer than %d bytes", what, w.most)
}

// Pass passes the first n bytes of Text. They must not end between the two
// characters of a line end.
func (w *Window) Pass(n int) {
	if w.lines {
		w.line += CountBreaks(w.text[w.at : w.at+n])
	}
	w.at += n
}

// holdsKey reads to the end and reports whether a private key follows. The error
// is that of a context that ended the search.
func (w *Window) holdsKey() (bool, error) {
	found, err := w.secrets.Drain()
	if !found && interrupted(err) {
		return false, err
	}
	// If the reader fails the stream ends anyway, with the error at hand.
	return found, nil
}

// CountBreaks returns the number of line ends: LF, CR LF, and CR alone.
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
