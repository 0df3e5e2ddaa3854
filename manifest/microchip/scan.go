package microchip

import (
	"errors"
	"io"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/objects"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// A scanner splits a manifest into the raw text of its entries.
type scanner struct {
	frame  *stream.Frame
	w      *stream.Window
	entry  int  // index of the next entry; the frame's lacks the entries in flight
	single bool // one object instead of an array
	first  bool // no element was seen yet
}

// newScanner reads the beginning of the manifest and goes to the start position.
func newScanner(f *stream.Frame) (*scanner, error) {
	s := &scanner{frame: f, first: true}
	var err error
	if s.w, err = f.OpenText(false); err != nil {
		return nil, err
	}
	s.w.StopAtKey()
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := f.Resume(); err != nil {
		return nil, err
	}
	if f.Entry > 0 {
		s.entry, s.first = f.Entry, false
	}
	for f.Entry < f.Options.Start.Entry {
		if _, err := s.next(); err != nil {
			return nil, err
		}
		f.Skip()
	}
	return s, nil
}

// open skips everything before the first entry.
func (s *scanner) open() error {
	c, err := s.peek()
	switch {
	case errors.Is(err, io.EOF):
		return manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
	case err != nil:
		return err
	case c == '{':
		s.single = true
		return nil
	case c != '[':
		return manifest.Errorf(manifest.ReasonUnknownFormat,
			"a Microchip manifest is a JSON array of signed objects; this begins with %s", s.found())
	}
	s.w.Pass(1)
	return nil
}

// next returns the raw text of the next entry, valid until the next call. It
// returns io.EOF at the end of a complete manifest. Other errors are final, too.
func (s *scanner) next() ([]byte, error) {
	ended, err := s.separator()
	switch {
	case err != nil:
		return nil, err
	case ended:
		return nil, s.finish()
	}
	if err := s.frame.CheckCount(s.entry); err != nil {
		return nil, err
	}
	n, err := s.element()
	if err != nil {
		return nil, err
	}
	raw := s.w.Text()[:n]
	s.w.Pass(n)
	s.first = false
	s.entry++
	return raw, nil
}

// separator skips the text before an entry. ended reports that there is none.
func (s *scanner) separator() (ended bool, err error) {
	if s.single {
		return !s.first, nil
	}
	c, err := s.peek()
	switch {
	case errors.Is(err, io.EOF):
		return false, truncated()
	case err != nil:
		return false, err
	case c == ']':
		s.w.Pass(1)
		return true, nil
	case s.first:
		return false, nil
	case c != ',':
		return false, manifest.Errorf(manifest.ReasonCorrupt, "expected a comma or the end of the array, found %s", s.found())
	}
	s.w.Pass(1)
	switch _, err := s.peek(); {
	case errors.Is(err, io.EOF):
		return false, truncated()
	default:
		return false, err
	}
}

// element returns the length of the current value, all of which it reads into the window.
func (s *scanner) element() (int, error) {
	if c := s.w.Text()[0]; c != '{' && s.first {
		return 0, manifest.Errorf(manifest.ReasonUnknownFormat,
			"a Microchip manifest is a JSON array of signed objects; its first element is %s", s.found())
	}
	depth := s.frame.Limits.Depth
	for {
		n, found := objects.End(s.w.Text(), depth, codedNames)
		switch {
		case s.w.Over(n):
			return 0, s.w.TooLong("an entry")
		case found == objects.Found:
			return n, nil
		case found == objects.TooDeep:
			limit := manifest.Limit{Name: manifest.LimitDepth, Value: int64(depth)}
			return 0, manifest.Exceeded(manifest.ReasonLimitExceeded, limit, "an entry nests deeper than %d", depth)
		case found == objects.Broken && n == 0 && !s.first:
			return 0, manifest.Errorf(manifest.ReasonCorrupt, "expected an entry after a comma, found %s", s.found())
		case found == objects.Broken:
			s.w.Pass(n)
			return 0, manifest.Errorf(manifest.ReasonCorrupt, "the JSON breaks inside an entry: found %s", s.found())
		case s.w.Ended():
			s.w.Pass(len(s.w.Text()))
			return 0, truncated()
		}
		if err := s.w.Fill(); err != nil {
			return 0, err
		}
	}
}

// finish checks that nothing follows the end.
func (s *scanner) finish() error {
	c, err := s.peek()
	switch {
	case err == nil && s.single && c == '{':
		return manifest.Errorf(manifest.ReasonTrailingData,
			"a second object follows the first; a manifest is one JSON array, not one object per line (JSON Lines)")
	case err == nil:
		return manifest.Errorf(manifest.ReasonTrailingData, "after the end of the manifest comes %s", s.found())
	case !errors.Is(err, io.EOF):
		return err
	}
	return io.EOF
}

// peek skips white space and returns the next byte; io.EOF if there is none.
func (s *scanner) peek() (byte, error) {
	for {
		s.w.Pass(objects.SkipSpace(s.w.Text(), 0))
		if text := s.w.Text(); len(text) > 0 {
			return text[0], nil
		}
		if s.w.Ended() {
			return 0, io.EOF
		}
		if err := s.w.Fill(); err != nil {
			return 0, err
		}
	}
}

// found returns the current character for messages. It returns no more than that,
// because the text may be anything, even a secret.
func (s *scanner) found() string { return manifest.Quote(string(s.w.Text()[:1])) }

func truncated() error {
	return manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle: the array is not closed")
}
