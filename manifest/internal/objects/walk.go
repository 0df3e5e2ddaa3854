package objects

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// Each is the part of a path that stands for every element of an array, or every member of an object.
const Each = "*"

// A walk reads the entries of a manifest that is JSON, as a stream. Entries lie anywhere in it, and
// what is not on the path to them is skipped. The manifest may be several values one after the
// other, such as JSON Lines. It is not safe for concurrent use.
type walk struct {
	frame *stream.Frame
	w     *stream.Window
	path  []string
	use   func(Entry) error
	array bool // the value at the top that is read now, and the first one, are arrays
	open  bool // reading resumed inside such an array
}

// An Entry is the text of an entry, valid until the next one.
type Entry struct {
	Raw  []byte
	Line int
	End  int64 // 0 if reading cannot resume after it, because it is not at the top or in an array there
}

// Entries calls use with each entry, beginning at the offset of the start position if there is one. An error of use
// ends it, like one of the text. Choose determines the path that leads from the top to the entries, by the beginning of
// the first value, which is whole unless it is longer than an entry may be. The path is empty if
// each value at the top is an entry.
func Entries(f *stream.Frame, choose func(head []byte) (path []string, err error), use func(Entry) error) error {
	w, err := f.OpenText(true)
	if err != nil {
		return err
	}
	k := &walk{frame: f, w: w, use: use}

	if err := k.begin(choose); err != nil {
		return err
	}
	for {
		c, err := k.peek()
		switch {
		case errors.Is(err, io.EOF) && !k.open:
			return io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
		if k.open {
			k.open = false
			err = k.elements(k.path, true, false, 0)
		} else {
			k.array = k.array && c == '['
			err = k.value(k.path, true, 0)
		}
		if err != nil {
			return err
		}
	}
}

// begin chooses the path and goes to the start position.
func (k *walk) begin(choose func([]byte) ([]string, error)) error {
	c, err := k.peek()
	switch {
	case errors.Is(err, io.EOF):
		return manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
	case err != nil:
		return err
	}
	for !k.w.Ended() && !k.w.Over(len(k.w.Text())) {
		if _, found := End(k.w.Text(), k.frame.Limits.Depth, nil); found != More {
			break
		}
		if err := k.w.Fill(); err != nil {
			return err
		}
	}
	if k.path, err = choose(k.w.Text()); err != nil {
		return err
	}
	if err := k.frame.Resume(); err != nil {
		return err
	}
	k.array = c == '['
	k.open = k.frame.Entry > 0 && len(k.path) == 1
	return nil
}

// value reads the value that is next. It is on the path if wanted is set, and rest is what remains of it.
func (k *walk) value(rest []string, wanted bool, depth int) error {
	c, err := k.peek()
	switch {
	case errors.Is(err, io.EOF):
		return truncated()
	case err != nil:
		return err
	case wanted && len(rest) == 0:
		return k.entry()
	case depth == k.frame.Limits.Depth:
		limit := manifest.Limit{Name: manifest.LimitDepth, Value: int64(depth)}
		return manifest.Exceeded(manifest.ReasonLimitExceeded, limit, "the JSON nests deeper than %d", depth)
	case c == '[':
		k.w.Pass(1)
		return k.elements(rest, wanted, true, depth)
	case c == '{':
		k.w.Pass(1)
		return k.members(rest, wanted, depth)
	}
	if depth == 0 {
		return manifest.Errorf(manifest.ReasonCorrupt, "expected an array or an object, found %s", k.found())
	}
	raw, err := k.whole("a value")
	if err == nil && !jsontext.Value(raw).IsValid() {
		return manifest.Errorf(manifest.ReasonCorrupt, "the JSON breaks before %s", manifest.Quote(string(k.w.Text()[:min(1, len(k.w.Text()))])))
	}
	return err
}

// elements reads the elements of an array up to its end. A path that does not continue with Each does
// not lead into an array.
func (k *walk) elements(rest []string, wanted, first bool, depth int) error {
	wanted = wanted && rest[0] == Each
	for ; ; first = false {
		ended, err := k.separator(']', first)
		if ended || err != nil {
			return err
		}
		if err := k.value(rest[min(1, len(rest)):], wanted, depth+1); err != nil {
			return err
		}
	}
}

// members reads the members of an object up to its end.
func (k *walk) members(rest []string, wanted bool, depth int) error {
	for first := true; ; first = false {
		ended, err := k.separator('}', first)
		if ended || err != nil {
			return err
		}
		if c, _ := k.peek(); c != '"' {
			return manifest.Errorf(manifest.ReasonCorrupt, "expected the name of a member, found %s", k.found())
		}
		raw, err := k.whole("a name")
		if err != nil {
			return err
		}
		var p Parser
		p.begin(raw)
		name, err := p.Text("a name")
		if err != nil {
			return err
		}
		leads := wanted && (rest[0] == Each || string(name) == rest[0])
		switch c, err := k.peek(); {
		case errors.Is(err, io.EOF):
			return truncated()
		case err != nil:
			return err
		case c != ':':
			return manifest.Errorf(manifest.ReasonCorrupt, "expected a colon after a name, found %s", k.found())
		}
		k.w.Pass(1)
		if err := k.value(rest[min(1, len(rest)):], leads, depth+1); err != nil {
			return err
		}
	}
}

// separator skips what stands before an element or member, and reports whether the end came instead.
func (k *walk) separator(end byte, first bool) (ended bool, err error) {
	c, err := k.peek()
	switch {
	case errors.Is(err, io.EOF):
		return false, truncated()
	case err != nil:
		return false, err
	case c == end:
		k.w.Pass(1)
		return true, nil
	case first:
		return false, nil
	case c != ',':
		return false, manifest.Errorf(manifest.ReasonCorrupt, "expected a comma or %q, found %s", end, k.found())
	}
	k.w.Pass(1)
	switch c, err := k.peek(); {
	case errors.Is(err, io.EOF):
		return false, truncated()
	case err == nil && c == end:
		return false, manifest.Errorf(manifest.ReasonCorrupt, "nothing follows a comma but %q", end)
	default:
		return false, err
	}
}

// entry reads an entry and uses it.
func (k *walk) entry() error {
	if err := k.frame.Begin(); err != nil {
		return err
	}
	e := Entry{Line: k.w.Line()}
	raw, err := k.whole("an entry")
	if err != nil {
		return err
	}
	e.Raw = raw
	if len(k.path) == 0 || len(k.path) == 1 && k.array {
		e.End = k.w.Offset()
	}
	return k.use(e)
}

// whole reads a value whole and passes it. What names it in errors.
func (k *walk) whole(what string) ([]byte, error) {
	depth := k.frame.Limits.Depth
	for {
		n, found := End(k.w.Text(), depth, nil)
		switch {
		case k.w.Over(n):
			return nil, k.w.TooLong(what)
		case found == Found, found == More && k.w.Ended() && n > 0 && isScalarByte(k.w.Text()[0]):
			raw := k.w.Text()[:n]
			k.w.Pass(n)
			return raw, nil
		case found == TooDeep:
			limit := manifest.Limit{Name: manifest.LimitDepth, Value: int64(depth)}
			return nil, manifest.Exceeded(manifest.ReasonLimitExceeded, limit, "%s nests deeper than %d", what, depth)
		case found == Broken:
			k.w.Pass(n)
			return nil, manifest.Errorf(manifest.ReasonCorrupt, "the JSON breaks inside %s: found %s", what, k.found())
		case k.w.Ended():
			k.w.Pass(len(k.w.Text()))
			return nil, truncated()
		}
		if err := k.w.Fill(); err != nil {
			return nil, err
		}
	}
}

// peek skips white space and returns the next byte; io.EOF if there is none.
func (k *walk) peek() (byte, error) {
	for {
		k.w.Pass(SkipSpace(k.w.Text(), 0))
		if text := k.w.Text(); len(text) > 0 {
			return text[0], nil
		}
		if k.w.Ended() {
			return 0, io.EOF
		}
		if err := k.w.Fill(); err != nil {
			return 0, err
		}
	}
}

// found returns the current character for messages, and no more, because the text may be a secret.
func (k *walk) found() string { return manifest.Quote(string(k.w.Text()[:1])) }

func truncated() error {
	return manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of the JSON")
}
