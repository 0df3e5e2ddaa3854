package device

import (
	"errors"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/ledger"
)

// A Runner carries out the steps of one device in AWS. It is not safe for
// concurrent use, but carries out the steps of a stage concurrently.
type Runner struct {
	Caller *call.Caller
	// Pool runs the calls of a stage.
	Pool *Pool

	busy time.Duration
	made []ledger.Step
}

// Do implements [Stage].
func (r *Runner) Do(steps ...Step) error {
	results := make([]call.Result, len(steps))
	errs := make([]error, len(steps))
	calls := make([]func(), len(steps))
	for i, step := range steps {
		calls[i] = func() { results[i], errs[i] = step.Do(r.Caller) }
	}
	r.Pool.All(calls)
	for i, step := range steps {
		r.busy += results[i].Busy
		if errs[i] == nil {
			r.made = append(r.made, step.records()...)
		}
	}
	return deciding(errs)
}

// Made returns the steps that created or ensured something, in the order of the program.
func (r *Runner) Made() []ledger.Step { return r.made }

// Busy returns the time that the device spent on anything but waiting for quota.
func (r *Runner) Busy() time.Duration { return r.busy }

// deciding returns the error that decides about a device. Errors that stop or end
// the import take precedence over those of the device.
func deciding(errs []error) error {
	var decides error
	for _, err := range errs {
		var stop *call.StopError
		switch {
		case err == nil:
		case errors.As(err, &stop):
			return err
		case decides == nil, errors.Is(err, call.ErrEnded) && !errors.Is(decides, call.ErrEnded):
			decides = err
		}
	}
	return decides
}

// A Pool runs functions in goroutines that it reuses. The deep calls of an HTTP
// client grow a goroutine's stack, which should not happen again for every call.
// Its methods are safe for concurrent use.
type Pool struct{ idle chan func() }

// NewPool returns a pool. The caller must close it.
func NewPool() *Pool { return &Pool{idle: make(chan func())} }

// Go starts f, in an idle goroutine if there is one.
func (p *Pool) Go(f func()) {
	select {
	case p.idle <- f:
	default:
		go func() {
			f()
			for f := range p.idle {
				f()
			}
		}()
	}
}

// All runs every function and returns when they are done; the last one runs
// in the caller's goroutine.
func (p *Pool) All(fs []func()) {
	if len(fs) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, f := range fs[:len(fs)-1] {
		others.Add(1)
		p.Go(func() {
			defer others.Done()
			f()
		})
	}
	fs[len(fs)-1]()
	others.Wait()
}

// Close ends the idle goroutines. Nothing may be running.
func (p *Pool) Close() { close(p.idle) }
