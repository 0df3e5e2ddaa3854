package microchip

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/window"
)

// windowSize is how much of a manifest is read at once.
const windowSize = 256 << 10

// A scanner cuts a manifest into the raw text of its entries, in a window that
// never grows beyond the limit of one entry.
type scanner struct {
	in     manifest.Input
	limits manifest.Limits

	source  io.Reader // UTF-8
	ended   bool      // source has no more
	window  []byte
	at      int   // next byte of window
	base    int64 // offset in the manifest of window[0]
	offsets bool  // the window's bytes are the manifest's own
	secret  int64 // offset of the text PRIVATE KEY; -1 where none was seen

	single bool // one object instead of an array
	entry  int  // index of the next entry
	first  bool // no element was seen yet
}

// newScanner looks at the beginning of the manifest and goes to start.
func newScanner(in manifest.Input, limits manifest.Limits, start manifest.Position) (*scanner, error) {
	s := &scanner{in: in, limits: limits, secret: -1, first: true, entry: start.Entry}
	head, err := in.Head(512)
	if err != nil {
		return nil, fmt.Errorf("microchip: %w", err)
	}
	switch {
	case isUTF16(head):
		s.source = utf16Reader(in.Section(0))
	case bytes.HasPrefix(head, bomUTF8):
		s.base, s.offsets = int64(len(bomUTF8)), true
		s.source = in.Section(s.base)
	default:
		s.source, s.offsets = in.Section(0), true
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	switch {
	case start.Entry == 0:
	case start.Offset == 0:
		return s, s.skipTo(start.Entry)
	case start.Offset < 0 || start.Offset > in.Size || !s.offsets:
		return nil, s.broken(manifest.ReasonCorrupt, "there is no entry at byte %d", start.Offset)
	default:
		s.source, s.base, s.ended = in.Section(start.Offset), start.Offset, false
		s.window, s.at, s.first = s.window[:0], 0, false
	}
	return s, nil
}

// open passes what comes before the first entry.
func (s *scanner) open() error {
	c, err := s.peek()
	switch {
	case errors.Is(err, io.EOF):
		return s.broken(manifest.ReasonEmpty, "there is nothing in the file")
	case err != nil:
		return err
	case c == '{':
		s.single = true
		return nil
	case c != '[':
		return s.broken(manifest.ReasonUnknownFormat, "a Microchip manifest is a JSON array of signed objects, and this begins with %s", s.found())
	}
	s.at++
	return nil
}

// skipTo passes entries without judging them.
func (s *scanner) skipTo(entry int) error {
	s.entry = 0
	for s.entry < entry {
		if _, _, err := s.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return s.broken(manifest.ReasonChanged, "there are %d entries, and reading was to go on at entry %d", s.entry, entry)
			}
			return err
		}
	}
	return nil
}

// next returns the raw text of the next entry, valid until the next call, and
// the offset behind it. io.EOF is the end of a complete manifest; other errors
// are final, too.
func (s *scanner) next() (raw []byte, end int64, err error) {
	if done, err := s.separator(); err != nil || done {
		if err == nil {
			err = s.finish()
		}
		return nil, 0, err
	}
	if s.entry >= s.limits.Entries {
		return nil, 0, s.exceeded(manifest.LimitEntries, s.limits.Entries, "more than %d entries")
	}
	n, err := s.element()
	if err != nil {
		return nil, 0, err
	}
	raw = s.window[s.at : s.at+n]
	s.at += n
	if s.secret >= 0 && s.secret < s.base+int64(s.at) {
		return nil, 0, s.privateKey()
	}
	s.first = false
	s.entry++
	if s.offsets {
		end = s.base + int64(s.at)
	}
	return raw, end, nil
}

// separator passes what stands before an entry; done where none follows.
func (s *scanner) separator() (done bool, err error) {
	if s.single {
		return !s.first, nil
	}
	c, err := s.peek()
	switch {
	case errors.Is(err, io.EOF):
		return false, s.truncated()
	case err != nil:
		return false, err
	case c == ']':
		s.at++
		return true, nil
	case s.first:
		return false, nil
	case c != ',':
		return false, s.broken(manifest.ReasonCorrupt, "expected a comma or the end of the array, found %s", s.found())
	}
	s.at++
	switch _, err := s.peek(); {
	case errors.Is(err, io.EOF):
		return false, s.truncated()
	default:
		return false, err
	}
}

// element measures the value at hand, and has it in the window as a whole.
func (s *scanner) element() (int, error) {
	if c := s.window[s.at]; c != '{' && s.first {
		return 0, s.broken(manifest.ReasonUnknownFormat, "a Microchip manifest is a JSON array of signed objects, and its first element is %s", s.found())
	}
	for {
		n, found := entryEnd(s.window[s.at:], s.limits.Depth)
		switch {
		case n > s.limits.EntryBytes:
			return 0, s.exceeded(manifest.LimitEntryBytes, s.limits.EntryBytes, "an entry is longer than %d bytes")
		case found == boundaryFound:
			return n, nil
		case found == boundaryTooDeep:
			return 0, s.exceeded(manifest.LimitDepth, s.limits.Depth, "an entry nests deeper than %d")
		case found == boundaryBroken && n == 0 && !s.first:
			return 0, s.broken(manifest.ReasonCorrupt, "expected an entry after a comma, found %s", s.found())
		case found == boundaryBroken:
			s.at += n
			return 0, s.broken(manifest.ReasonCorrupt, "the JSON breaks inside an entry: found %s", s.found())
		}
		switch err := s.fill(); {
		case errors.Is(err, io.EOF):
			s.at = len(s.window)
			return 0, s.truncated()
		case err != nil:
			return 0, err
		}
	}
}

// finish makes sure that nothing follows the end.
func (s *scanner) finish() error {
	c, err := s.peek()
	switch {
	case err == nil && s.single && c == '{':
		return s.broken(manifest.ReasonTrailingData, "a second object follows the first; a manifest is one JSON array, and not an object a line (JSON Lines)")
	case err == nil:
		return s.broken(manifest.ReasonTrailingData, "after the end of the manifest comes %s", s.found())
	case !errors.Is(err, io.EOF):
		return err
	case s.secret >= 0:
		return s.privateKey()
	case s.entry == 0:
		return s.broken(manifest.ReasonEmpty, "the array has no entries")
	}
	return io.EOF
}

// peek passes white space and returns the next byte; io.EOF where there is none.
func (s *scanner) peek() (byte, error) {
	for {
		s.at = skipSpace(s.window, s.at)
		if s.at < len(s.window) {
			return s.window[s.at], nil
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// fill reads more into the window and keeps what was not passed; io.EOF where
// there is no more. The caller has made sure that what it keeps is no longer
// than the limit of one entry.
func (s *scanner) fill() error {
	if s.ended {
		return io.EOF
	}
	const overlap = len(privateKeyText) - 1
	keep := len(s.window) - s.at
	if want := max(windowSize, 2*keep); cap(s.window) < want {
		s.window = append(make([]byte, 0, want), s.window...)
	}
	before := min(s.at, overlap)
	seen := len(s.window) - s.at + before
	copy(s.window, s.window[s.at-before:])
	s.window = s.window[:seen]
	s.base += int64(s.at - before)
	s.at = before
	n, err := io.ReadAtLeast(s.source, s.window[seen:cap(s.window)], 1)
	s.window = s.window[:seen+n]
	if s.secret < 0 {
		from := max(0, seen-overlap)
		if i := bytes.Index(s.window[from:], []byte(privateKeyText)); i >= 0 {
			s.secret = s.base + int64(from+i)
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		s.ended = true
		return io.EOF
	case err != nil:
		return fmt.Errorf("microchip: %s: read: %w", s.in.Name, err)
	}
	return nil
}

// found is the character at hand, for messages. It is no more than that,
// because what stands there may be anything, also a secret.
func (s *scanner) found() string { return manifest.Quote(string(s.window[s.at : s.at+1])) }

func (s *scanner) truncated() error {
	return s.broken(manifest.ReasonTruncated, "the file ends in the middle: the array is not closed")
}

func (s *scanner) privateKey() error {
	return s.fileError(manifest.Errorf(manifest.ReasonPrivateKey,
		"the file carries a private key (%s); treat the key as compromised, and ask for a manifest without", privateKeyText))
}

// exceeded breaks off at a limit, whose value the sentence states.
func (s *scanner) exceeded(name manifest.LimitName, value int, sentence string) error {
	return s.breakOff(manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: name, Value: int64(value)}, sentence, value))
}

func (s *scanner) broken(reason manifest.Reason, format string, args ...any) error {
	return s.breakOff(manifest.Errorf(reason, format, args...))
}

// breakOff is the error of a break at the scanner's place. What follows is
// still searched for a private key, because that weighs more.
func (s *scanner) breakOff(cause error) error {
	err := s.fileError(cause)
	for s.secret < 0 {
		s.at = len(s.window)
		if failed := s.fill(); window.Interrupted(failed) {
			// Without the search to its end nobody knows which fault it is.
			return failed
		} else if failed != nil {
			break
		}
	}
	if s.secret >= 0 {
		return s.privateKey()
	}
	return err
}

func (s *scanner) fileError(cause error) error {
	err := &manifest.FileError{
		Vendor: vendor, Manifest: s.in.Name, Entry: s.entry,
		Reason: manifest.ReasonOf(cause), Limit: manifest.LimitOf(cause), Err: cause,
	}
	if s.offsets {
		err.Offset = s.base + int64(s.at)
	}
	return err
}

var bomUTF8 = []byte("\xef\xbb\xbf")

func isUTF16(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}

// utf16Reader translates UTF-16 with byte order mark, which Windows tools write.
func utf16Reader(r io.Reader) io.Reader {
	return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(r)
}
