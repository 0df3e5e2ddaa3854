// Package sandbox is an HTTP server that speaks the part of the AWS IoT control
// plane that Thingpress and its operators use, with STS GetCallerIdentity and
// Service Quotas beside it on the same address.
//
// It enforces AWS's documented rules (names, limits, what happens on
// repetition, error codes and their members), the quotas that it is told to
// enforce, and misbehaves as it is told to. Signatures are not checked: any
// credentials do. See docs/sandbox.md for the operations, the rules and the
// places where AWS is not documented.
//
// A [Server] is an [http.Handler]. It uses nothing of the clock but time.Now and
// timers and starts no goroutine of its own, so that it also works inside a
// testing/synctest bubble behind [Transport].
package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// DefaultAccount and DefaultRegion are what a sandbox claims to be unless told
// otherwise.
const (
	DefaultAccount = "123456789012"
	DefaultRegion  = "us-east-1"
)

// Options of a sandbox. The zero value is one in memory without quotas and
// without faults.
type Options struct {
	// StatePath is the file that keeps the state; empty means memory only. A
	// file of that name with ".lock" behind it is the lock.
	StatePath string
	// Account (12 digits) and Region are part of every ARN. Empty means what
	// the state file says, or the defaults.
	Account, Region string
	// Quotas are the calls per second that each operation takes; an operation
	// without one is not limited. Keys are names of operations and
	// [RegistrationQuota].
	Quotas map[string]float64
	// Applied is what Service Quotas tells where that is not what is enforced.
	Applied map[string]float64
	// Latency of every answer.
	Latency Latency
	// Faults is what goes wrong.
	Faults Faults
	// Strict refuses certificates that are expired, not yet valid or of a
	// certification authority, and keeps the five minutes between deprecating
	// and deleting a thing type.
	Strict bool
	// Log, if set, is called after every call, from the goroutine that serves it.
	Log func(Call)
}

// Call tells of one call.
type Call struct {
	Operation string
	// Key is what the call is about: a thing name, certificate ID, policy name;
	// for what is attached to something, that, a space, and what it is attached
	// to.
	Key string
	// Status and Code are of the answer; Code is empty if it went well, and
	// Status 0 if the connection was dropped instead of answering.
	Status int
	Code   string
	// Fault is the injected fault: throttle, error, drop or stall.
	Fault string
	// Done says that the operation ran, whatever was answered, and Changed that
	// it changed the state.
	Done, Changed bool
	// Duration is from the request to the answer.
	Duration time.Duration
}

// A Server is a sandbox. All methods may be called concurrently.
type Server struct {
	options Options
	calls   *counters
	changes *counters
	quotas  *quotas
	faults  *faults

	mu       sync.RWMutex
	registry *registry
	journal  *journal // nil in memory
	last     int64    // time of the last change, ms
	closed   bool

	requests requests
}

// New opens a sandbox: with a state file, from what that file holds. It returns
// [ErrLocked] if another sandbox has the file open, and an error if the file is
// of another account or region than asked for.
func New(options Options) (*Server, error) {
	if err := checkOptions(options); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s := &Server{options: options, calls: newCounters(), changes: newCounters(), quotas: newQuotas(options.Quotas), registry: newRegistry()}
	if options.StatePath != "" {
		if err := s.open(options.StatePath); err != nil {
			return nil, fmt.Errorf("sandbox: state %s: %w", options.StatePath, err)
		}
	} else if err := s.found(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s.faults = newFaults(options.Faults)
	s.registry.lag.set(options.Faults.Stale.Milliseconds(), s.registry.seq)
	return s, nil
}

// open replays the state file, and rewrites it when most of it is history.
func (s *Server) open(path string) error {
	j, records, err := openJournal(path, s.registry)
	if err != nil {
		return err
	}
	s.journal = j
	r := s.registry
	fresh := r.id == ""
	err = s.found()
	if err == nil && (fresh || records > 2*r.size()+1000) {
		err = j.rewrite(r)
	}
	if err != nil {
		_ = j.close() // the first error is the one to tell
	}
	return err
}

// found gives a new registry its identity and holds an old one to it.
func (s *Server) found() error {
	r := s.registry
	if r.id == "" {
		r.id = uuid.NewString()
		r.account, r.region = or(s.options.Account, DefaultAccount), or(s.options.Region, DefaultRegion)
		return nil
	}
	if account, region := or(s.options.Account, r.account), or(s.options.Region, r.region); account != r.account || region != r.region {
		return fmt.Errorf("it is of account %s and region %s, not %s and %s", r.account, r.region, account, region)
	}
	return nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// ID is random and kept in the state file: it tells one state from another.
func (s *Server) ID() string { return s.registry.id }

// Account is the account ID of the sandbox.
func (s *Server) Account() string { return s.registry.account }

// Region is the region of the sandbox.
func (s *Server) Region() string { return s.registry.region }

// Close puts the state on the disk and lets go of the file. Calls that come
// after it fail. Close a second time does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.journal == nil {
		return nil
	}
	if err := s.journal.close(); err != nil {
		return fmt.Errorf("sandbox: state %s: %w", s.journal.path, err)
	}
	return nil
}

var errClosed = errors.New("sandbox: closed")

// commit journals the changes of a call and makes them, in this order; the
// caller holds the lock and has checked that each can be made after those before
// it.
func (s *Server) commit(c *call, records ...record) error {
	if s.closed {
		return errClosed
	}
	s.last = max(s.last, time.Now().UnixMilli())
	for i := range records {
		records[i].seq, records[i].at = s.registry.seq+1+uint64(i), s.last
		if rec := &records[i]; rec.kind == kindCertificate {
			rec.fields[2] = decimal(rec.at)
		}
	}
	if s.journal != nil {
		if err := s.journal.write(records); err != nil {
			return fmt.Errorf("sandbox: state %s: %w", s.journal.path, err)
		}
	}
	for i := range records {
		if err := s.registry.apply(&records[i]); err != nil {
			return err
		}
	}
	c.changed = true
	return nil
}

var _ http.Handler = (*Server)(nil)
