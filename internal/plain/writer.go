package plain

import (
	"io"
	"sync"
	"unicode/utf8"
)

// A Writer passes text on without characters that hide, except line ends and tabs. It is the net
// below those who print: what they forget cannot control the terminal either. It is safe for
// concurrent use.
type Writer struct {
	mu      sync.Mutex
	to      io.Writer
	partial []byte // the beginning of a character
}

// NewWriter returns a Writer to to.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Raw returns what writes to the same place and passes everything on.
func (w *Writer) Raw() io.Writer { return w.to }

// Write implements [io.Writer].
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := append(w.partial, p...) //nolint:gocritic // partial is set below
	out := make([]byte, 0, len(text))
	for len(text) > 0 && utf8.FullRune(text) {
		r, size := utf8.DecodeRune(text)
		if r != '\n' && r != '\t' {
			r = shown(r)
		}
		out, text = utf8.AppendRune(out, r), text[size:]
	}
	w.partial = append(w.partial[:0], text...)
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
