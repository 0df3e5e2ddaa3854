package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
)

// A Config configures a run. Window, PauseMost, Events and Abort may be zero.
type Config struct {
	// Settings must be those of the scan.
	Settings Settings
	// Target is the account and region; ARNs that no answer contains are computed from it.
	Target   ledger.Target
	AWS      iot.AWS
	Limiters *quota.Limiters
	// Window bounds the devices in flight.
	Window Window
	// PauseMost is how long the run may be paused for an outage before it ends
	// with a *[call.StopError]; 0 for no limit.
	PauseMost time.Duration
	// Events receives the events of the run.
	Events Events
	// Abort cancels the calls in flight when it ends. Nil never does.
	Abort context.Context
}

// A session is what all devices of one run share. Its fields do not change.
type session struct {
	// begin ends when no further call may begin, flight when calls in flight are cancelled.
	begin, flight context.Context
	// halt ends begin; the first cause counts.
	halt    context.CancelCauseFunc
	caller  *call.Caller
	account *device.Account
	window  *window
	pool    *device.Pool
	// pauseMost is Config.PauseMost.
	pauseMost time.Duration
	events    Events
	// now returns AWS's time.
	now func() time.Time
	// limits are the quotas of the run.
	limits quota.Set
	// certificateARN computes the ARN of a certificate.
	certificateARN func(id string) string
}

// open begins a session. The caller must close it.
func (c *Config) open(ctx context.Context) *session {
	var mu sync.Mutex
	told := c.Events
	s := &session{
		window: newWindow(c.Window), pool: device.NewPool(), pauseMost: c.PauseMost,
		events: func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			told.send(e)
		},
		limits:         c.Limiters.Set(),
		certificateARN: func(id string) string { return c.Target.ARN("cert/" + id) },
	}
	if s.now = c.AWS.Now; s.now == nil {
		s.now = time.Now
	}
	s.begin, s.halt = context.WithCancelCause(ctx)
	if s.flight = c.Abort; s.flight == nil {
		s.flight = context.WithoutCancel(ctx)
	}
	s.caller = call.New(call.Options{
		Limiters: c.Limiters, Lifetimes: call.Lifetimes{Begin: s.begin, Flight: s.flight}, Clock: s.now,
		Paused:  func(cause error) { s.events.send(Paused{Cause: cause}) },
		Resumed: func(after time.Duration) { s.events.send(Resumed{After: after}) },
	})
	s.events.send(Calling{InFlight: s.caller.InFlight})
	s.account = &device.Account{
		AWS: c.AWS, Wanted: c.Settings.wanted(), Quotas: s.limits,
		Links: device.NewLinks(c.AWS.Principals, c.Limiters, c.Settings.Exclusive),
	}
	return s
}

func (s *session) close() {
	s.halt(nil)
	s.pool.Close()
}

// wanted returns what is wanted of the device of a task.
func (s *session) wanted(t *task) *device.Wanted {
	if t.wanted != nil {
		return t.wanted
	}
	return &s.account.Wanted
}

// haltOnStop ends the run in order if err is a *[call.StopError].
func (s *session) haltOnStop(err error) {
	var stop *call.StopError
	if errors.As(err, &stop) {
		s.halt(stop)
	}
}

// subject returns the device of a task in the form that programs take.
func (s *session) subject(t *task) *device.Device {
	id := t.device.CertificateID.String()
	d := &device.Device{
		CertificateID: id, CertificateARN: s.certificateARN(id), Thing: t.thing, Wanted: t.wanted, Marked: t.marked, Recorded: t.recorded,
	}
	if t.device.Certificate != nil {
		d.PEM = t.device.PEM
	}
	if t.subject != nil {
		d.CertificateARN = cmp.Or(t.subject.Record.CertificateARN, d.CertificateARN)
		d.Status = t.subject.Status
		// AWS's answer is what counts: moto has other IDs than the SHA-256.
		_, answered, _ := strings.Cut(d.CertificateARN, ":cert/")
		d.CertificateID = cmp.Or(answered, d.CertificateID)
	}
	return d
}

// runPipeline runs program for every task, concurrently within the window, and
// passes its result to sink, from several goroutines. It calls watch about five
// times a second. When the session's begin ends, runPipeline begins no further
// task. It returns when all programs have ended.
func runPipeline[R any](s *session, tasks iter.Seq[*task], program func(*task, *device.Runner) R, sink func(*task, R),
	watch func(now time.Time),
) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(tellEvery)
		defer ticker.Stop()
		watch(time.Now())
		for {
			select {
			case now := <-ticker.C:
				watch(now)
				s.haltSilence()
			case <-done:
				return
			}
		}
	})
	var devices sync.WaitGroup
	begun := 0
	for t := range tasks {
		if s.window.enter(s.begin) != nil {
			break
		}
		t.order = begun
		begun++
		devices.Add(1)
		s.pool.Go(func() {
			defer devices.Done()
			runner := &device.Runner{Caller: s.caller, Pool: s.pool}
			sink(t, program(t, runner))
			s.window.leave(runner.Busy())
		})
	}
	devices.Wait()
	close(done)
	watching.Wait()
}

// haltSilence halts a session that has been paused for too long.
func (s *session) haltSilence() {
	if since, paused := s.caller.Pause(); paused && s.pauseMost > 0 && since > s.pauseMost {
		s.halt(&call.StopError{
			Code:  call.StopSilence,
			Cause: fmt.Errorf("nothing has answered for %s", (since + call.OutageAfter).Round(time.Second)),
		})
	}
}

// stopCause returns the *call.StopError that halted the session, or nil.
func (s *session) stopCause() error {
	var stop *call.StopError
	if errors.As(context.Cause(s.begin), &stop) {
		return stop
	}
	return nil
}
