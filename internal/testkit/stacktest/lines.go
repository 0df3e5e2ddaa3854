package stacktest

import (
	"bytes"
	"io"
)

// lines passes on the output of one process in whole lines, so that several
// processes can share a log without mixing lines. It has one writer.
type lines struct {
	out  io.Writer
	rest []byte // an unfinished line
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

// end passes on an unfinished line.
func (l *lines) end() {
	if len(l.rest) > 0 {
		_, _ = l.out.Write(append(l.rest, '\n')) // a log that fails gets nothing more
		l.rest = nil
	}
}
