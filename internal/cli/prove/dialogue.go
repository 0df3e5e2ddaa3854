package prove

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/cli/policies"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/proof"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// A dialogue is one device on its way through the requests.
type dialogue struct {
	*prover
	login      proof.Login
	connection policy.Connection
	id         manifest.CertificateID
	// wanted are the requests for this device; the resource is empty if the device has no value for its
	// topic.
	wanted  []policy.Request
	answers answers
	next    int // request

	// granted are the filters of this connection.
	granted map[string]bool
	// doubted is true if the answer on the next request was a closed connection, which is tried again.
	doubted   bool
	explained *policies.Explained
}

// answersOf connects as a device, and again after each refusal that ended the connection, until every request
// has an answer.
func (p *prover) answersOf(d *manifest.Device, do device.Stage) (answers, error) {
	t, err := p.dialogueOf(d)
	if err != nil {
		return nil, err
	}
	for again := false; t.next < len(t.wanted); again = true {
		var failed error
		if err := do(device.Step{Operation: opConnect, Do: func(c *call.Caller) (call.Result, error) {
			return c.Do(opConnect, func(ctx context.Context) error {
				if again && backoff.Sleep(ctx, p.between) != nil {
					return context.Cause(ctx)
				}
				failed = t.converse(ctx)
				return networkError(ctx, failed)
			})
		}}); err != nil {
			return t.answers, device.FailureOf(err)
		}
		var untrusted *proof.UntrustedError
		if errors.As(failed, &untrusted) {
			return t.answers, &call.StopError{Code: call.StopBroker, Cause: fmt.Errorf("the broker %s is not trusted: %w", p.broker.Host, failed)}
		}
	}
	return t.answers, nil
}

// networkError returns an error of the network in the form that the engine retries, and nil for others.
func networkError(ctx context.Context, err error) error {
	var untrusted *proof.UntrustedError
	if err == nil || ctx.Err() != nil || errors.As(err, &untrusted) {
		return context.Cause(ctx)
	}
	return &iot.APIError{Operation: string(opConnect), Class: iot.ClassTransient, Err: err}
}

// dialogueOf prepares a device.
func (p *prover) dialogueOf(d *manifest.Device) (*dialogue, error) {
	signer, err := p.keys.signer(d.Certificate)
	if err != nil {
		return nil, &device.FailedError{Reason: proof.ReasonNoKey, Err: err}
	}
	thing, err := p.session.Settings.Attachments.Thing(d)
	if err != nil {
		return nil, &device.FailedError{Reason: manifest.ReasonOf(err), Err: err}
	}
	t := &dialogue{prover: p, id: d.CertificateID}
	t.connection = policy.Connection{
		ClientID: thing.Name, Certificate: policy.NewCertificate(d.Certificate), Persistent: p.persistent,
		Things: []policy.Thing{{Name: thing.Name, Type: thing.Type, Attributes: thing.Attributes}},
	}
	if p.asked.clientID != nil {
		if t.connection.ClientID, err = p.asked.clientID.Expand(d); err != nil {
			return nil, &device.KeptError{Reason: proof.ReasonUnproven, Err: fmt.Errorf("--client-id: %w", err)}
		}
	}
	if p.asked.will.Text != "" {
		will, err := p.asked.will.For(d, &t.connection)
		if err != nil {
			return nil, &device.KeptError{Reason: proof.ReasonUnproven, Err: fmt.Errorf("--will: %w", err)}
		}
		t.connection.Will = topicOf(will)
	}
	for _, r := range p.asked.requests {
		request, err := r.For(d, &t.connection)
		if err != nil {
			request.Resource = ""
		}
		t.wanted = append(t.wanted, request)
	}
	t.answers = make(answers, len(t.wanted))
	t.login = proof.Login{
		Certificate: tls.Certificate{Certificate: [][]byte{d.Certificate.Raw}, PrivateKey: signer, Leaf: d.Certificate},
		ClientID:    t.connection.ClientID, Version: p.asked.version, Persistent: p.persistent,
		Will: t.connection.Will, WillPayload: payload(),
	}
	return t, nil
}

// topicOf returns the topic or the topic filter of a request.
func topicOf(r policy.Request) string {
	_, topic, _ := strings.Cut(r.Resource, "/")
	return topic
}

// payload returns the payload of a message, which no other message has.
func payload() []byte { return []byte(`{"thingpress":"` + uuid.NewString() + `"}`) }

// converse connects and works through the requests until the connection ends. Its error is about the network.
func (t *dialogue) converse(ctx context.Context) error {
	c, err := t.broker.Connect(ctx, t.login)
	var no *proof.RefusedError
	switch {
	case errors.As(err, &no):
		if t.doubt(no) {
			return nil
		}
		t.refuseConnection(no)
		return nil
	case err != nil:
		return err
	}
	defer c.Close()
	t.granted = map[string]bool{}
	if t.next == 0 {
		t.settle(answer{state: allowed})
	}
	for t.next < len(t.wanted) {
		err := t.ask(c, t.wanted[t.next])
		var other *hinderedError
		no = nil
		switch {
		case err == nil:
			t.settle(answer{state: allowed})
		case errors.As(err, &other):
			no = other.refused
			r := t.wanted[t.next]
			t.settle(answer{saw: t.words(r) + ": " + other.Error(), why: t.inSpite(r)})
		case errors.As(err, &no):
			if t.doubt(no) {
				return nil
			}
			t.settle(t.refusal(no))
		default:
			return err
		}
		if no != nil && no.Ended {
			return nil
		}
	}
	return nil
}

// settle records the answer on the next request.
func (t *dialogue) settle(a answer) {
	t.answers[t.next] = a
	t.next++
	t.doubted = false
}

// doubt reports whether to try again before a refusal is believed: the network, or a live device with the same
// client ID, may have ended the connection.
func (t *dialogue) doubt(no *proof.RefusedError) bool {
	again := no.Closed && t.isAWS && !t.doubted
	t.doubted = again
	return again
}

// refuseConnection records that the device cannot connect.
func (t *dialogue) refuseConnection(no *proof.RefusedError) {
	rest := "the device is not connected"
	if t.next == 0 {
		t.settle(t.refusal(no))
	} else {
		rest = "the device could not connect again: " + no.Saw
	}
	for t.next < len(t.wanted) {
		t.settle(answer{saw: rest})
	}
}

// A hinderedError is returned for a request that something else kept from being made.
type hinderedError struct {
	what    string
	refused *proof.RefusedError
}

func (e *hinderedError) Error() string { return e.what + ": " + e.refused.Saw }

func hindered(what string, err error) error {
	var no *proof.RefusedError
	if errors.As(err, &no) {
		return &hinderedError{what, no}
	}
	return err
}

// ask makes a request. The error is a *[proof.RefusedError], a *hinderedError, or about the network.
func (t *dialogue) ask(c *proof.Client, r policy.Request) error {
	topic := topicOf(r)
	if topic == "" {
		return &hinderedError{"the topic is unknown", &proof.RefusedError{Saw: "the device has no value for one of its fields"}}
	}
	switch r.Action {
	case "iot:Subscribe":
		return t.subscribe(c, topic)
	case "iot:Publish":
		return c.Publish(topic, payload(), false)
	case "iot:RetainPublish":
		return c.Publish(topic, nil, true) // an empty message leaves nothing behind
	}
	if err := t.subscribe(c, topic); err != nil {
		return hindered("the device may not subscribe to the topic, and so cannot receive", err)
	}
	message := payload()
	return c.Receive(topic, message, func() error {
		if t.broker.Inject != nil {
			t.broker.Inject(topic, message)
			return nil
		}
		return hindered("nobody publishes to the topic, which the device itself may not do", c.Publish(topic, message, false))
	})
}

func (t *dialogue) subscribe(c *proof.Client, filter string) error {
	if t.granted[filter] {
		return nil
	}
	err := c.Subscribe(filter)
	t.granted[filter] = err == nil
	return err
}

// reasons are the reasons of refusals by action.
var reasons = map[string]manifest.Reason{
	"iot:Connect": proof.ReasonRefusedConnect, "iot:Publish": proof.ReasonRefusedPublish, "iot:Subscribe": proof.ReasonRefusedSubscribe,
	"iot:Receive": proof.ReasonRefusedReceive, "iot:RetainPublish": proof.ReasonRefusedRetain,
}

// refusal returns the answer for a refusal of the next request, with the reason that the sandbox knows.
func (t *dialogue) refusal(no *proof.RefusedError) answer {
	r := t.wanted[t.next]
	a := answer{state: refused, saw: t.words(r) + ": " + no.Saw, reason: reasons[r.Action]}
	switch {
	case no.Handshake && !t.isAWS && strings.Contains(no.Saw, "certificate"), no.Handshake && !t.isAWS && strings.Contains(no.Saw, "decod"):
		a.reason, a.why = proof.ReasonSandboxCannot, "the sandbox cannot read the certificate; AWS may"
		return a
	case no.Handshake:
		a.reason = proof.ReasonRefusedHandshake
		return a
	}
	e := t.explain()
	switch {
	case e == nil:
	case e.Unregistered:
		a.reason, a.why = proof.ReasonUnregistered, "the certificate is not registered"
	case r.Action == "iot:Connect" && e.Status != iot.StatusActive:
		a.reason, a.why = proof.ReasonInactive, "the certificate is "+string(e.Status)
	case r.Action == "iot:Connect" && e.Outdated:
		a.reason, a.why = proof.ReasonOutdated, "the certificate is not valid now"
	case r.Action == "iot:Connect" && t.login.Will != "":
		a.why = e.Why(policy.Connect(), policy.Publish(t.login.Will))
	case r.Action == "iot:RetainPublish":
		a.why = e.Why(policy.Publish(topicOf(r)), r)
	default:
		a.why = e.Why(r)
	}
	return a
}

// words describes a request of this device for people.
func (t *dialogue) words(r policy.Request) string {
	word, _, _ := strings.Cut(t.asked.requests[t.next].Text, " ")
	switch {
	case r.Action != "iot:Connect":
		return word + " " + topicOf(r)
	case t.connection.ClientID != t.connection.Things[0].Name:
		return word + " as " + t.connection.ClientID
	}
	return word
}

// inSpite returns what the policies in a sandbox say of a request that could not be made.
func (t *dialogue) inSpite(r policy.Request) string {
	e := t.explain()
	switch {
	case e == nil || e.Unregistered || r.Resource == "":
		return ""
	case e.Why(r) == "":
		return "the policies allow it"
	}
	return "the policies refuse it: " + e.Why(r)
}

// explain returns what the sandbox knows of the device, or nil.
func (t *dialogue) explain() *policies.Explained {
	if t.explainer == nil || t.explained != nil {
		return t.explained
	}
	e, err := t.explainer.Device(t.id, t.connection)
	if err == nil {
		t.explained = e
	}
	return t.explained
}
