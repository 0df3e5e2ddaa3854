package generated

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/foreign"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// A reader splits a manifest into units: lines, PEM blocks, and elements in DER.
type reader struct {
	shape shape
	w     *stream.Window
	queue []unit // of a PKCS #7 container
}

// A unit may be an entry.
type unit struct {
	text []byte // valid until the next one
	line int
	end  int64
	der  bool // text is DER
	// fault describes what is wrong with the unit's form; mostly nil.
	fault error
	// foreign names, with its place, what is not an entry; mostly empty.
	foreign string
	// unpacked is set if the unit was in a container, and so has no end of its own.
	unpacked bool
}

func open(f *stream.Frame) (*reader, error) {
	r := &reader{}
	head, err := f.Input.Head(manifest.DetectSize)
	if err != nil {
		return nil, err
	}
	r.shape = shapeOf(head)
	if r.w, err = f.OpenText(r.shape != shapeDER); err != nil {
		return nil, err
	}
	if r.shape != shapeNone && (Decoder{}).Detect(head, f.Input.Size) {
		return r, f.Resume()
	}
	text := bytes.TrimSpace(stream.Head(head))
	switch known := explain(head); {
	case len(text) == 0 && f.Input.Size <= int64(len(head)):
		return nil, manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
	case known != nil:
		return nil, known
	case foreign.Name(head) != "":
		return nil, foreign.Error(head)
	}
	return nil, manifest.Errorf(manifest.ReasonUnknownFormat,
		"there is no certificate, neither as PEM nor as base64, in the first %d bytes", len(head))
}

// next returns the next unit. It returns io.EOF at the end.
func (r *reader) next() (unit, error) {
	if len(r.queue) == 0 {
		u, err := r.read()
		if err != nil || u.foreign != "" || u.fault != nil {
			return u, err
		}
		r.queue = unpack(u)
	}
	u := r.queue[0]
	r.queue = r.queue[1:]
	return u, nil
}

// read reads the next unit, which may be a container.
func (r *reader) read() (unit, error) {
	if r.shape == shapeDER {
		return r.element()
	}
	for {
		// Many blocks may be in one line, which is not searched to its end for each.
		if bytes.HasPrefix(r.w.Text(), beginLine) {
			return r.block()
		}
		n, err := r.line()
		if err != nil {
			return unit{}, err
		}
		line := r.w.Text()[:n]
		trimmed := unwrap(line)
		switch {
		case len(trimmed) == 0 || trimmed[0] == '#':
			r.w.Pass(n)
		case bytes.Contains(line, beginLine):
			r.w.Pass(bytes.Index(line, beginLine))
			return r.block()
		case bytes.HasPrefix(trimmed, endLine):
			return r.passUnit(n, manifest.Errorf(manifest.ReasonBadEncoding, "a PEM block ends that does not begin")), nil
		case bytes.HasPrefix(beginLine, trimmed) && r.w.Ended() && n == len(r.w.Text()):
			return unit{}, manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of a BEGIN line")
		case r.shape == shapeBlocks && !begins(line):
			r.w.Pass(n)
		default:
			return r.lines(n)
		}
	}
}

// line returns the length of the current line, with its line end.
func (r *reader) line() (int, error) {
	for {
		n, ok := r.lineFrom(0)
		switch {
		case ok && n == 0:
			return 0, io.EOF
		case r.w.Over(n):
			return 0, r.w.TooLong("a line")
		case ok:
			return n, nil
		}
		if err := r.w.Fill(); err != nil {
			return 0, err
		}
	}
}

// lineFrom returns the index after the line that begins at index at, or false if
// the window must be filled to find it. It searches a growing part of the window:
// in a file with CR alone it would otherwise search the whole window for LF on
// every line.
func (r *reader) lineFrom(at int) (int, bool) {
	const least = 256
	text := r.w.Text()[at:]
	for look := least; ; look *= 4 {
		near := text[:min(look, len(text))]
		n := bytes.IndexByte(near, '\n') + 1
		if n == 0 {
			n = len(near)
		}
		// Very old files have CR alone.
		if cr := bytes.IndexByte(near[:n], '\r'); cr >= 0 && cr+1 < len(text) && text[cr+1] != '\n' {
			return at + cr + 1, true
		}
		if n > 0 && near[n-1] == '\n' {
			return at + n, true
		}
		if len(near) == len(text) {
			return at + n, r.w.Ended()
		}
	}
}

// block reads the current PEM block, with which the window begins. Another BEGIN
// before its END leaves it unfinished.
func (r *reader) block() (unit, error) {
	for {
		text := r.w.Text()
		from := len(beginLine)
		again := bytes.Index(text[from:], beginLine)
		inside := text[from:]
		if again >= 0 {
			inside = inside[:again]
		}
		end := bytes.Index(inside, endLine)
		switch {
		case end >= 0:
			if n, ok := r.blockEnd(from + end); ok {
				if err := r.tooLong(n); err != nil {
					return unit{}, err
				}
				if n == len(text) && r.w.Ended() && armour.Unterminated(text[:n]) {
					return unit{}, manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of a PEM block")
				}
				return r.passBlock(n), nil
			}
		case again >= 0:
			return r.passUnit(from+again, manifest.Errorf(manifest.ReasonBadEncoding,
				"the PEM block begins but does not end; another begins in it")), nil
		case r.w.Ended():
			return unit{}, manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of a PEM block")
		}
		if err := r.tooLong(len(text)); err != nil {
			return unit{}, err
		}
		if err := r.w.Fill(); err != nil {
			return unit{}, err
		}
	}
}

// tooLong returns an error if n bytes are too long for the PEM block with which the window begins.
func (r *reader) tooLong(n int) error {
	switch {
	case !r.w.Over(n):
		return nil
	case !isPKCS7(r.w.Text()):
		return r.w.TooLong("a PEM block")
	case n > armour.MaxPKCS7:
		return errLongPKCS7
	}
	return nil
}

// blockEnd returns the index after the line with the END at index at, or that of the
// next BEGIN in this line: files are joined without a line break between them. It
// returns false if the window must be filled to find it.
func (r *reader) blockEnd(at int) (int, bool) {
	rest := r.w.Text()[at:]
	if next := bytes.Index(rest, beginLine); next >= 0 && !bytes.ContainsAny(rest[:next], "\r\n") {
		return at + next, true
	}
	return r.lineFrom(at)
}

// passBlock passes a whole PEM block of n bytes.
func (r *reader) passBlock(n int) unit {
	u := r.passUnit(n, nil)
	if what := armour.Foreign(armour.Label(u.text)); what != "" {
		u.foreign = fmt.Sprintf("%s on line %d", what, u.line)
	}
	return u
}

// element reads the current DER element.
func (r *reader) element() (unit, error) {
	const header = 24 // enough to tell what the element is
	for {
		// A line end may follow where files were joined or pasted.
		r.w.Pass(len(r.w.Text()) - len(bytes.TrimLeft(r.w.Text(), " \t\r\n")))
		if len(r.w.Text()) >= header || r.w.Ended() {
			break
		}
		if err := r.w.Fill(); err != nil {
			return unit{}, err
		}
	}
	if armour.BeginsPKCS7(r.w.Text()) {
		return r.container()
	}
	text := r.w.Text()
	size, ok := armour.DERSize(text)
	switch {
	case len(text) == 0:
		return unit{}, io.EOF
	case !ok || text[0] != 0x30:
		return unit{}, manifest.Errorf(manifest.ReasonTrailingData, "data that is not a certificate follows the certificates in DER")
	case r.w.Over(size):
		return unit{}, r.w.TooLong("a certificate")
	}
	for len(r.w.Text()) < size {
		if r.w.Ended() {
			return unit{}, manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of a certificate")
		}
		if err := r.w.Fill(); err != nil {
			return unit{}, err
		}
	}
	at := r.w.Offset()
	u := r.passUnit(size, nil)
	u.der = true
	if what := armour.ForeignDER(u.text); what != "" {
		u.foreign = fmt.Sprintf("%s at byte %d", what, at)
	}
	return u, nil
}

// lines reads the current line of n bytes, and the lines that continue it if it is
// part of wrapped base64.
func (r *reader) lines(n int) (unit, error) {
	first := unwrap(r.w.Text()[:n])
	width := len(first)
	if whole, ok := wrapped(first); ok {
		chars := width
		for last := width; last == width && chars < whole; {
			more, ok := r.lineFrom(n)
			if !ok {
				if err := r.w.More("an entry"); err != nil {
					return unit{}, err
				}
				continue
			}
			line := bytes.TrimSpace(r.w.Text()[n:more])
			if len(line) == 0 || len(line) > width || !isBase64(line) || begins(line) {
				break
			}
			n, last = more, len(line)
			chars += last
		}
	}
	text := r.w.Text()[:n]
	if n == len(r.w.Text()) && r.w.Ended() && !endsLine(text) && !complete(text) {
		return unit{}, manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of an entry")
	}
	u := r.passUnit(n, nil)
	if stream.CountBreaks(text) < 2 {
		return u, nil
	}
	err := r.passEnd(&u)
	return u, err
}

// passEnd adds the END line after wrapped base64 to the unit: the block has merely
// lost its BEGIN line.
func (r *reader) passEnd(u *unit) error {
	u.text = bytes.Clone(u.text) // the window will move
	n, err := r.line()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	if bytes.HasPrefix(unwrap(r.w.Text()[:n]), endLine) {
		r.w.Pass(n)
		u.end = r.w.Offset()
	}
	return nil
}

func endsLine(text []byte) bool {
	return bytes.HasSuffix(text, []byte("\n")) || bytes.HasSuffix(text, []byte("\r"))
}

// passUnit passes the current unit of n bytes.
func (r *reader) passUnit(n int, fault error) unit {
	u := unit{text: r.w.Text()[:n], line: r.w.Line(), fault: fault}
	r.w.Pass(n)
	u.end = r.w.Offset()
	return u
}
