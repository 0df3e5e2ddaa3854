package stacktest

import (
	"bytes"
	"io"
)

// lines passes on what one process writes, a whole line at a time: a log that
// several processes share has no line of two of them. It has one writer.
type lines struct {
	out  io.Writer
	rest []byte // of a line that has not ended
}

// Write implements [io.Writer].
func (l *lines) Write(p []byte) (int, error) {
	end := bytes.LastIndexByte(p, '\n') + 1
	l.rest = append(l.rest, p[:end]...)
	if end > 0 {
		if _, err := l.out.Write(l.rest); err != nil {
			return 0, err
		}
		l.rest = nil
	}
	l.rest = append(l.rest, p[end:]...)
	return len(p), nil
}

// end passes on a line that a process broke off.
func (l *lines) end() {
	if len(l.rest) > 0 {
		_, _ = l.out.Write(append(l.rest, '\n')) // a log that takes nothing more
		l.rest = nil
	}
}
