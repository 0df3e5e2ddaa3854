package registry

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/sandbox/journal"
)

// A Store guards a [State] and keeps it in a file, unless it is in memory only. All methods may
// be called concurrently.
type Store struct {
	mu      sync.RWMutex
	state   *State
	journal *journal.Journal // nil in memory
	last    int64            // time of the last change, ms
	line    []byte
	closed  bool
}

// Options of a store.
type Options struct {
	// Path is the file that keeps the state; empty means memory only.
	Path string
	// Copy has the meaning of sandbox.Options.Copy.
	Copy bool
	// Account and Region of a new state. If they are set, an existing state must match them.
	Account, Region string
	// Strict has the meaning of sandbox.Options.Strict.
	Strict bool
}

// DefaultAccount and DefaultRegion are used for a new state if none are given.
const (
	DefaultAccount = "123456789012"
	DefaultRegion  = "us-east-1"
)

// Open returns a store with the contents of the file, which the caller must close. It rewrites a file
// that is new, of an older version or mostly history. If another process has the file, the error wraps
// [journal.ErrLocked], unless the store is a copy.
func Open(o Options) (*Store, error) {
	s := &Store{state: newState(o.Strict)}
	if o.Path == "" {
		return s, s.identify(o)
	}
	records, rewrite := 0, false
	read := func(version int, line []byte) error {
		parse := parseRecord
		if version == 1 {
			parse, rewrite = parseRecordV1, true
		}
		rec, err := parse(line)
		if err != nil {
			return err
		}
		records += len(rec.changes)
		return s.state.apply(rec)
	}
	if o.Copy {
		if err := journal.Read(o.Path, read); err != nil {
			return nil, err
		}
		return s, s.identify(o)
	}
	j, err := journal.Open(o.Path, read)
	if err != nil {
		return nil, err
	}
	s.journal = j
	err = s.identify(o)
	if mustRewrite := rewrite || records == 0; err == nil && (mustRewrite || records > 2*s.state.size()+1000) {
		// History only takes space. A full disk, for example, must not keep the sandbox from
		// reading what it has.
		if failed := j.Rewrite(s.lines()); mustRewrite {
			err = failed
		}
	}
	if err != nil {
		_ = j.Close() // the first error matters
		return nil, err
	}
	return s, nil
}

// identify gives a new state its identity and checks that of an existing one.
func (s *Store) identify(o Options) error {
	if s.state.ID == "" {
		s.state.identify(Identity{uuid.NewString(), cmp.Or(o.Account, DefaultAccount), cmp.Or(o.Region, DefaultRegion)})
	}
	is := s.state.Identity
	if account, region := cmp.Or(o.Account, is.Account), cmp.Or(o.Region, is.Region); account != is.Account || region != is.Region {
		return fmt.Errorf("the state belongs to account %s and region %s; account %s and region %s were asked for",
			is.Account, is.Region, account, region)
	}
	return nil
}

// lines yields the encoded records of the state.
func (s *Store) lines() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var line []byte
		for rec := range s.state.records() {
			var err error
			if line, err = rec.append(line[:0]); !yield(line, err) {
				return
			}
		}
	}
}

// Identity returns the identity of the state, which never changes.
func (s *Store) Identity() Identity { return s.state.Identity }

// SetLag makes lists show changes only after a time. What exists now stays visible.
func (s *Store) SetLag(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.lag.set(by.Milliseconds(), s.state.seq)
}

// View calls look with the state. Look must neither change nor retain it.
func (s *Store) View(look func(*State)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	look(s.state)
}

var errClosed = errors.New("sandbox: closed")

// Change calls decide, writes the changes that decide returns to the file, and then applies
// them. It reports whether anything changed, and returns an error of decide unchanged.
func (s *Store) Change(decide func(*State) ([]Change, error)) (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes, err := decide(s.state)
	if err != nil || len(changes) == 0 {
		return false, err
	}
	if s.closed {
		return false, errClosed
	}
	s.last = max(s.last, time.Now().UnixMilli())
	rec := record{stamp{s.state.seq + 1, s.last}, changes}
	if s.journal != nil {
		if s.line, err = rec.append(s.line[:0]); err == nil {
			err = s.journal.Append(s.line)
		}
		if err != nil {
			return false, fmt.Errorf("sandbox: state: %w", err)
		}
	}
	return true, s.state.apply(rec)
}

// Close syncs the file and releases it. Later changes fail. Further calls of Close do nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.journal == nil {
		s.closed = true
		return nil
	}
	s.closed = true
	return s.journal.Close()
}
