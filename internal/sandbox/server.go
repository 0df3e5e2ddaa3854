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
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/thingpress/thingpress/internal/sandbox/journal"
	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// DefaultAccount and DefaultRegion are those of a sandbox unless told otherwise.
const (
	DefaultAccount = registry.DefaultAccount
	DefaultRegion  = registry.DefaultRegion
)

// State is what a sandbox holds, for comparing.
type State = registry.Snapshot

// CertificateState is one certificate of a [State].
type CertificateState = registry.CertificateState

// ThingState is one thing of a [State].
type ThingState = registry.ThingState

// ErrLocked is returned by [New] if another sandbox has the state file open.
var ErrLocked = journal.ErrLocked

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
	options   Options
	backend   backend
	faults    *faults
	calls     *counters
	changes   *counters
	throttled atomic.Int64
}

// New opens a sandbox: with a state file, from what that file holds. It returns [ErrLocked] if another sandbox has the file open, and
// an error if the file is of another account or region than asked for.
func New(options Options) (*Server, error) {
	if err := checkOptions(options); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	store, err := registry.Open(registry.Options{
		Path: options.StatePath, Account: options.Account, Region: options.Region, Strict: options.Strict,
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox: state %s: %w", options.StatePath, err)
	}
	s := &Server{
		options: options, backend: backend{store, newQuotas(options.Quotas), options.Applied},
		faults: &faults{}, calls: newCounters(), changes: newCounters(),
	}
	s.SetFaults(options.Faults)
	return s, nil
}

// ID is random and kept in the state file: it tells one state from another.
func (s *Server) ID() string { return s.backend.store.Identity().ID }

// Account is the account ID of the sandbox.
func (s *Server) Account() string { return s.backend.store.Identity().Account }

// Region is the region of the sandbox.
func (s *Server) Region() string { return s.backend.store.Identity().Region }

// State returns a copy of all certificates and things, whatever lists lag behind.
func (s *Server) State() State { return s.backend.store.Snapshot() }

// SetQuota sets the calls per second of an operation, or of [RegistrationQuota], from now on, with a full bucket; 0 takes the quota
// away.
func (s *Server) SetQuota(operation string, tps float64) { s.backend.quotas.set(operation, tps) }

// SetFaults changes what goes wrong from now on. Counting starts again, so that a seed repeats itself.
func (s *Server) SetFaults(f Faults) {
	s.faults.set(f)
	s.backend.store.SetLag(f.Stale)
}

// Calls is how often each operation was called since the start, refused and failed calls included.
func (s *Server) Calls() map[string]int { return s.calls.copy() }

// Created is how many calls of each operation changed the state since the start: those that found done what they asked for, and those
// that failed, are left out.
func (s *Server) Created() map[string]int { return s.changes.copy() }

// Throttled is how many calls were answered with ThrottlingException.
func (s *Server) Throttled() int { return int(s.throttled.Load()) }

// Close puts the state on the disk and lets go of the file. Calls that come after it fail. Close a second time does nothing.
func (s *Server) Close() error {
	if err := s.backend.store.Close(); err != nil {
		return fmt.Errorf("sandbox: state %s: %w", s.options.StatePath, err)
	}
	return nil
}

// maxBody is the longest request body.
const maxBody = 1 << 20

// ServeHTTP serves one call of any of the three services.
func (s *Server) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	start := time.Now()
	c := &call{request: request, strict: s.options.Strict}
	operation, encode, err := receive(w, c)
	entry := Call{Operation: operation.name}
	var result any
	if err == nil {
		result, err = s.perform(operation, c, &entry)
	}
	dropped := errors.Is(err, errDrop)
	if !dropped {
		entry.Status, entry.Code = answer(w, encode, result, err)
	}
	if entry.Code == throttlingCode {
		s.throttled.Add(1)
	}
	if s.options.Log != nil {
		entry.Key, entry.Duration = c.key(), time.Since(start)
		s.options.Log(entry)
	}
	if dropped {
		panic(http.ErrAbortHandler) // the one way to tell net/http to close the connection without an answer
	}
}

// receive reads the body and finds the operation.
func receive(w http.ResponseWriter, c *call) (*operation, encoder, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(c.request.ContentLength, 0), maxBody)) + bytes.MinRead)
	if _, err := body.ReadFrom(http.MaxBytesReader(w, c.request.Body, maxBody)); err != nil {
		return unknownOperation, encodeREST, registry.Refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			"The body is longer than %d bytes or broke off", maxBody)
	}
	c.body = body.Bytes()
	operation, encode, err := route(c)
	c.name = operation.name
	return operation, encode, err
}

// errDrop is the error of a call that is to have no answer.
var errDrop = errors.New("sandbox: connection dropped")

const throttlingCode = "ThrottlingException"

// perform runs an operation among the quotas and faults that are set, and returns what the caller is to see.
func (s *Server) perform(o *operation, c *call, entry *Call) (result any, err error) {
	s.calls.add(o.name)
	f := s.faults.next(o.name)
	entry.Fault = f.kind.String()
	wait(c.request, s.options.Latency.sample(f.jitter))
	if f.kind == faultThrottle || !s.backend.quotas.take(o.name, time.Now()) {
		return nil, registry.Refuse(http.StatusBadRequest, throttlingCode, "Rate exceeded")
	}
	if f.kind == faultNone || f.after {
		result, err = o.handle(s.backend, c)
		if entry.Done, entry.Changed = true, c.changed; c.changed {
			s.changes.add(o.name)
		}
	}
	if f.kind == faultStall {
		wait(c.request, stallTime)
	}
	switch {
	case f.kind == faultNone:
		return result, err
	case f.drop:
		return nil, errDrop
	case f.internal:
		return nil, internalFailure("An unexpected error has occurred.")
	}
	return nil, registry.Refuse(http.StatusServiceUnavailable, "ServiceUnavailableException", "The service is temporarily unavailable.")
}

// wait waits, but not for a caller that has gone: what it called takes effect all the same, as with AWS.
func wait(request *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-request.Context().Done():
	}
}

var _ http.Handler = (*Server)(nil)
