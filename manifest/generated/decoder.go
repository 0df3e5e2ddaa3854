package generated

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/window"
)

const vendor = "generated"

// Format describes lists of certificates.
func Format() manifest.Format {
	return manifest.Format{Decoder: Decoder{}, Title: "Lists of certificates", Extension: ".txt", Explain: explain}
}

// A Decoder reads lists of certificates. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "generated".
func (Decoder) Vendor() string { return vendor }

// Detect says whether there is a certificate at the beginning of a line, as PEM
// or as base64, and no sign of a table or of JSON before it.
func (Decoder) Detect(head []byte, _ int64) bool {
	return shapeOf(head) != shapeNone && explain(head) == nil
}

// Decode yields the entries of a list.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		in.Reader = window.Interruptible(ctx, in.Reader)
		r, err := open(in, opts.Limits.OrDefault())
		if err == nil {
			s := &stream{r: r, opts: &opts, yield: yield}
			err = s.run(ctx)
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(manifest.Device{}, err)
		}
	}
}

// errLeft says that the caller has left the iteration.
var errLeft = errors.New("iteration ended")

// A stream makes entries out of units.
type stream struct {
	r     *reader
	opts  *manifest.Options
	yield func(manifest.Device, error) bool

	// held is the entry at hand, which the next units may belong to.
	held   *manifest.Device
	fault  error
	before *x509.Certificate // the last certificate of the held entry
}

// run returns the error that ends the stream; nil where it is complete.
func (s *stream) run(ctx context.Context) error {
	start := s.opts.Start
	if start.Entry > 0 && start.Offset > 0 {
		if err := s.r.w.GoTo(start.Offset, start.Line); err != nil {
			return s.r.broken(err)
		}
		s.r.entry = start.Entry
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		u, err := s.r.next()
		if err != nil {
			if end := s.flush(); end != nil {
				return end
			}
			if !errors.Is(err, io.EOF) {
				return s.located(err)
			}
			return s.finish()
		}
		if err := s.unit(&u); err != nil {
			return err
		}
	}
}

// located counts the entry that was held when reading ended.
func (s *stream) located(err error) error {
	var file *manifest.FileError
	if errors.As(err, &file) {
		file.Entry = s.r.entry
	}
	return err
}

func (s *stream) finish() error {
	switch {
	case s.r.entry == 0:
		return s.r.fail(manifest.ReasonEmpty, "there is no entry in the file")
	case s.r.entry < s.opts.Start.Entry:
		return s.r.fail(manifest.ReasonChanged, "there are %d entries, and reading was to go on at entry %d", s.r.entry, s.opts.Start.Entry)
	}
	return nil
}

// unit adds a unit to the held entry, or begins another entry with it.
func (s *stream) unit(u *unit) error {
	var certificates []*x509.Certificate
	err := u.fault
	if err == nil {
		certificates, err = armour.Parse(unwrap(u.text))
	}
	if manifest.ReasonOf(err) == manifest.ReasonPrivateKey {
		return s.r.broken(err)
	}
	if s.held != nil && s.before != nil && len(certificates) == 1 && armour.Issued(certificates[0], s.before) {
		s.held.End, s.before = u.end, certificates[0]
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	if s.r.entry == s.r.limits.Entries {
		return s.r.broken(manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: manifest.LimitEntries, Value: int64(s.r.limits.Entries)}, "more than %d entries", s.r.limits.Entries))
	}
	s.held = &manifest.Device{Vendor: vendor, Manifest: s.r.in.Name, Entry: s.r.entry, Line: u.line, End: u.end}
	s.fault, s.before = s.judge(certificates, err), nil
	if len(certificates) > 0 {
		s.before = certificates[len(certificates)-1]
	}
	return nil
}

// judge fills the held entry.
func (s *stream) judge(certificates []*x509.Certificate, err error) error {
	if err != nil {
		return err
	}
	if s.held.Certificate, err = armour.Leaf(certificates); err != nil {
		return err
	}
	return s.opts.Admit(s.held)
}

// flush yields the held entry, of which nothing more can come.
func (s *stream) flush() error {
	if s.held == nil {
		return nil
	}
	d, fault := s.held, s.fault
	s.held = nil
	s.r.entry++
	if d.Entry < s.opts.Start.Entry {
		return nil
	}
	if fault == nil {
		if !s.yield(*d, nil) {
			return errLeft
		}
		return nil
	}
	bad := &manifest.EntryError{
		Vendor: vendor, Manifest: d.Manifest, Entry: d.Entry, Line: d.Line, End: d.End,
		Reason: manifest.ReasonOf(fault), Limit: manifest.LimitOf(fault), Err: fault,
	}
	if d.Certificate != nil {
		if bad.ID, _ = manifest.CommonName(d.Certificate); bad.ID != "" {
			bad.Device = "certificate " + manifest.Quote(bad.ID)
		}
	}
	if !s.yield(manifest.Device{}, bad) {
		return errLeft
	}
	return nil
}
