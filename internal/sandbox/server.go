// Package sandbox is an HTTP server for the part of the AWS IoT control plane that Thingpress
// and its operators use. STS GetCallerIdentity and Service Quotas are served at the same
// address.
//
// It enforces the rules that AWS documents (names, limits, repetition, error codes and their
// members), enforces quotas and injects faults if configured. It does not check signatures, so
// any credentials will do. docs/sandbox.md lists the operations, the rules, and the behaviour
// that AWS does not document.
//
// A [Server] is an [http.Handler]. It uses only time.Now and timers for time and starts no
// goroutine of its own, so that it also works with [Transport] in a testing/synctest bubble.
package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/sandbox/journal"
	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// DefaultAccount and DefaultRegion are used for a new state if none are given.
const (
	DefaultAccount = registry.DefaultAccount
	DefaultRegion  = registry.DefaultRegion
)

// State is the content of a sandbox, for comparison.
type State = registry.Snapshot

// CertificateState is one certificate of a [State].
type CertificateState = registry.CertificateState

// ThingState is one thing of a [State].
type ThingState = registry.ThingState

// ErrLocked is wrapped by the error of [New] if another sandbox has the state file open.
var ErrLocked = journal.ErrLocked

// Options of a sandbox. The zero value is a sandbox in memory without quotas and faults.
type Options struct {
	// StatePath is the file that keeps the state; empty means memory only.
	StatePath string
	// Copy reads the state file, which may be in use or missing, and keeps changes in memory.
	Copy bool
	// Account (12 digits) and Region are part of every ARN. The defaults are those of the state
	// file, or else [DefaultAccount] and [DefaultRegion].
	Account, Region string
	// Quotas are the calls per second allowed for each operation, by its name or
	// [RegistrationQuota]. An operation without a quota is not limited.
	Quotas map[string]float64
	// Applied are the quotas that Service Quotas reports instead of the enforced ones.
	Applied map[string]float64
	// Latency of every answer.
	Latency Latency
	// Faults are the injected faults.
	Faults Faults
	// Strict refuses certificates that have expired, are not yet valid or belong to a
	// certificate authority. It also enforces five minutes between the deprecation and the
	// deletion of a thing type.
	Strict bool
	// AllowHosts are names of hosts, as [ParseHosts] returns them, for which calls are answered
	// in addition to localhost and the addresses that docs/sandbox.md lists.
	AllowHosts []string
	// Log, if set, is called after every call, in the goroutine that serves it.
	Log func(Call)
}

// Call describes one call.
type Call struct {
	Operation string
	// Key is the subject of the call: a thing name, a certificate ID or a policy name. For an
	// attachment it is the attached resource, a space, and the one that it is attached to.
	Key string
	// Status and Code are those of the answer. Code is empty if the call succeeded. Status is 0
	// if the connection was dropped.
	Status int
	Code   string
	// Fault is the injected fault: throttle, error, drop or stall.
	Fault string
	// Done reports whether the operation ran, whatever the answer. Changed reports whether it
	// changed the state.
	Done, Changed bool
	// Duration is the time from the request to the answer.
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

// New returns a sandbox with the contents of its state file, if it has one. It returns
// an error that wraps [ErrLocked] if another sandbox has the file open, and an error if the file belongs to another
// account or region than the options.
func New(options Options) (*Server, error) {
	if err := checkOptions(options); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	store, err := registry.Open(registry.Options{
		Path: options.StatePath, Copy: options.Copy, Account: options.Account, Region: options.Region, Strict: options.Strict,
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox: state %s: %w", options.StatePath, err)
	}
	s := &Server{
		options: options, faults: &faults{}, calls: newCounters(), changes: newCounters(),
		backend: backend{
			store, newQuotas(options.Quotas), options.Applied, sync.OnceValues(newIssuer), new(atomic.Pointer[serving]),
		},
	}
	s.SetFaults(options.Faults)
	return s, nil
}

// ID returns the ID of the state. It is random and kept in the state file.
func (s *Server) ID() string { return s.backend.store.Identity().ID }

// Account returns the account ID of the sandbox.
func (s *Server) Account() string { return s.backend.store.Identity().Account }

// Region returns the region of the sandbox.
func (s *Server) Region() string { return s.backend.store.Identity().Region }

// State returns a copy of all certificates and things. [Faults.Stale] does not affect it.
func (s *Server) State() State { return s.backend.store.Snapshot() }

// SetQuota changes the calls per second of an operation or of [RegistrationQuota], and fills
// its bucket. 0 removes the quota.
func (s *Server) SetQuota(operation string, tps float64) { s.backend.quotas.set(operation, tps) }

// SetFaults changes the faults of later calls. It counts calls from zero again, so that a seed
// gives the same faults.
func (s *Server) SetFaults(f Faults) {
	s.faults.set(f)
	s.backend.store.SetLag(f.Stale)
}

// Calls returns the number of calls of each operation since the start, including those that
// were refused or failed.
func (s *Server) Calls() map[string]int { return s.calls.copy() }

// Created returns the number of calls of each operation that changed the state since the start.
// Calls that failed, and those that had nothing to do, are not counted.
func (s *Server) Created() map[string]int { return s.changes.copy() }

// Throttled returns the number of calls that were answered with ThrottlingException.
func (s *Server) Throttled() int { return int(s.throttled.Load()) }

// Close syncs the state file and releases it. Later calls fail. Further calls of Close do
// nothing.
func (s *Server) Close() error {
	if err := s.backend.store.Close(); err != nil {
		return fmt.Errorf("sandbox: state %s: %w", s.options.StatePath, err)
	}
	return nil
}

// maxBody is the size limit of a request body in bytes.
const maxBody = 1 << 20

// ServeHTTP serves one call of any of the three services.
func (s *Server) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	start := time.Now()
	c := &call{request: request, strict: s.options.Strict}
	operation, encode, err := s.receive(w, c)
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
		panic(http.ErrAbortHandler) // makes net/http close the connection without an answer
	}
}

// receive reads the body, finds the operation and refuses calls of web pages.
func (s *Server) receive(w http.ResponseWriter, c *call) (*operation, encoder, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(c.request.ContentLength, 0), maxBody)) + bytes.MinRead)
	if _, err := body.ReadFrom(http.MaxBytesReader(w, c.request.Body, maxBody)); err != nil {
		return unknownOperation, encodeREST, registry.Refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			"The body is longer than %d bytes or incomplete", maxBody)
	}
	c.body = body.Bytes()
	operation, encode, err := route(c)
	c.name = operation.name
	if err == nil {
		err = admitBody(c, operation)
	}
	if refused := s.admit(c.request); refused != nil {
		err = refused
	}
	return operation, encode, err
}

// errDrop is returned for a call that gets no answer.
var errDrop = errors.New("sandbox: connection dropped")

const throttlingCode = "ThrottlingException"

// perform runs an operation subject to quotas and faults, and returns what the caller sees.
func (s *Server) perform(o *operation, c *call, entry *Call) (result any, err error) {
	s.calls.add(o.name)
	f := s.faults.next(o.name)
	entry.Fault = f.kind.String()
	if latency := s.options.Latency.sample(f.jitter); latency > 0 {
		_ = backoff.Sleep(c.request.Context(), latency) // if the caller hangs up, the call takes effect all the same, as in AWS
	}
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
		_ = backoff.Sleep(c.request.Context(), stallTime)
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

var _ http.Handler = (*Server)(nil)

func checkOptions(o Options) error {
	if o.Account != "" && (len(o.Account) != 12 || strings.Trim(o.Account, "0123456789") != "") {
		return fmt.Errorf("account %q is not 12 digits", o.Account)
	}
	for _, set := range []map[string]float64{o.Quotas, o.Applied} {
		for name, tps := range set {
			if !limitable(name) {
				return fmt.Errorf("quota of %s: there is no such operation", name)
			}
			if !(tps > 0) {
				return fmt.Errorf("quota of %s: %v is not above 0", name, tps)
			}
		}
	}
	if err := o.Latency.check(); err != nil {
		return err
	}
	return o.Faults.check()
}
