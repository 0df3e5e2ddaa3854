package prove

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/cli/after"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/policies"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/proof"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// opConnect is a CONNECT of MQTT, which has a quota like the operations of the control plane.
const opConnect iot.Operation = "Connect"

const (
	// defaultRate is the quota of an account that never asked for more, in connections per second (AWS
	// General Reference, "AWS IoT Core message broker and protocol limits and quotas").
	defaultRate = 500
	// sameClient is how long a client ID has to wait for its next connection (as above).
	sameClient = time.Second + 50*time.Millisecond
	// connections is the number of devices that are connected at the same time.
	connections = 64
)

// A prover connects as the devices of an import.
type prover struct {
	session    *after.Session
	files      *imports.Rereading
	keys       *keys
	broker     *proof.Broker
	asked      asked
	persistent bool
	// isAWS is true if the broker is that of AWS IoT.
	isAWS bool
	// between is how long a client ID waits for its next connection.
	between time.Duration
	// explainer knows why a sandbox refuses something; nil for AWS.
	explainer *policies.Explainer
	results   *results
}

// subjects yields the entries of the import. Those of which nothing can be proven have an outcome.
func (p *prover) subjects(ctx context.Context) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		for s, err := range p.files.Decoded(ctx, p.session.Subjects(ctx)) {
			if err == nil {
				p.skip(s)
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// skip sets the outcome of an entry that there is nothing to connect with.
func (p *prover) skip(s *engine.Subject) {
	hasKey := s.Decoded != nil && p.keys.take(s.Decoded.Certificate)
	switch {
	case s.Outcome != "":
	case s.Decoded == nil:
		s.Outcome, s.Reason, s.Detail = ledger.Skipped, string(proof.ReasonNotDecoded), "the manifest has no certificate for the entry"
	case !hasKey:
		s.Outcome, s.Reason, s.Detail = ledger.Skipped, string(proof.ReasonNoKey), "no key belongs to the certificate"
	}
}

// survey finds the keys of the devices before anything is connected, and returns how many devices have one.
func (p *prover) survey(ctx context.Context) (devices int, err error) {
	err = p.session.SurveyOf(ctx, p.subjects(ctx), func(s *engine.Subject) {
		if s.Outcome == "" {
			devices++
		}
	})
	return devices, err
}

// question asks whether the devices may connect, and says what that means for devices that are connected.
func (p *prover) question(devices int) string {
	does := ""
	for _, r := range p.asked.requests[1:] {
		does += ", " + r.Text
	}
	sessions := "discards its session"
	if p.persistent {
		sessions = "takes over its session"
	}
	return fmt.Sprintf("this disconnects every device that is connected with the same client ID, and %s; "+
		"connect as %s to %s, %s%s?", sessions, progress.Plural(devices, "device", "devices"), p.broker.Host, p.session.Connection, does)
}

// proveAll connects as all devices and prints what was found.
func (p *prover) proveAll(ctx context.Context, o *options, streams terminal.Streams) error {
	s := p.session
	rate := o.rate
	if rate == 0 || s.Connection.Embedded() {
		rate = math.Inf(1)
	}
	limiters := quota.NewLimiters(s.Quotas.With(quota.Quota{Op: opConnect, TPS: rate, Source: quota.FromDefault}), quota.Options{})
	if p.isAWS = s.Connection.IsAWS() || iot.OfAWS(p.broker.Host); p.isAWS {
		p.between = sameClient
	} else {
		p.explainer = policies.NewExplainer(ctx, s.Connection, limiters)
	}
	p.results = newResults(p, streams, o.Output == terminal.JSON)
	var summary engine.Summary
	var ended error
	err := p.results.intoReport(o.Report, func() {
		events, stop := imports.LaterEvents(ctx, s.Printer, streams.Log, limiters, imports.Proving)
		defer stop()
		summary, ended = engine.RunLater(ctx, engine.Config{
			Settings: s.Settings, Target: s.Connection.Target, AWS: s.Connection.Client.AWS(), Limiters: limiters,
			Window: engine.Window{Unlimited: connections, Max: connections}, Abort: terminal.AbortContext(ctx), Events: events,
		}, engine.Later{
			Manifests: s.Imports[0].Manifests, Subjects: p.results.noting(p.subjects(ctx)), Calls: quota.Calls{opConnect: 1},
		}, p.prove)
	})
	s.Printer.Close()
	if err != nil {
		return err
	}
	return p.results.print(p.results.lineOf(summary, ended), o, streams)
}

// prove is the program of a device.
func (p *prover) prove(_ *device.Account, _ *device.Device, s *engine.Subject, do device.Stage) error {
	answers, err := p.answersOf(s.Decoded, do)
	if err == nil {
		err = answers.verdict()
	}
	p.results.end(s, answers, err)
	return err
}

// An answer is what a device got on a request.
type answer struct {
	state state
	// saw is what the device sees, and why what a sandbox says about the reason; empty if it says nothing.
	saw, why string
	reason   manifest.Reason
}

// A state is what is known about a request.
type state int

const (
	unproven state = iota
	allowed
	refused
)

// answers are those of one device, in the order of the requests.
type answers []answer

// verdict returns the error of the device's program: nil if everything is allowed.
func (a answers) verdict() error {
	var unknown error
	for _, one := range a {
		switch {
		case one.state == refused:
			return &device.FailedError{Reason: one.reason, Err: errors.New(a.refusal())}
		case one.state == unproven && unknown == nil:
			unknown = &device.KeptError{Reason: proof.ReasonUnproven, Err: errors.New(one.text())}
		}
	}
	return unknown
}

// refusal describes everything that was refused.
func (a answers) refusal() string {
	var parts []string
	for _, one := range a {
		if one.state == refused {
			parts = append(parts, one.text())
		}
	}
	return strings.Join(parts, "; ")
}

func (a answer) text() string {
	if a.why == "" {
		return a.saw
	}
	return a.saw + ": " + a.why
}
