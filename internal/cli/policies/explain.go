package policies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

type explainOptions struct {
	target     target.Flags
	clientID   string
	will       string
	persistent bool
	witness    bool
	output     terminal.Output
}

// newExplain returns `thingpress policy explain`.
func newExplain(streams terminal.Streams) *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain DEVICE REQUEST…",
		Short: "Explain why a device in the registry is allowed or refused something",
		Long: `Read a device from the registry with the policies that are effective for it, and
explain each decision: the statements that match, what they are attached to, and the
values of their variables.

DEVICE is the name of a thing or the ID of a certificate. REQUEST is connect, or an
action and a topic: publish:TOPIC, subscribe:FILTER, receive:TOPIC, retain:TOPIC. A
topic may have {thing}, {client} and {cn}.

--witness also asks AWS, which decides connect, publish, subscribe and receive, and
says where the two differ.

The exit code is 3 if a request is refused.

` + exit.Help,
		Example: `  thingpress policy explain sensor-1 connect publish:dt/{thing}/t

  # the firmware has a client ID of its own
  thingpress policy explain sensor-1 connect --client-id fw-1 --witness`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("name a device and what it asks for, such as: sensor-1 connect")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return explain(c.Context(), &o, args[0], args[1:], streams)
		},
	}
	o.target.Add(c)
	flags := c.Flags()
	flags.StringVar(&o.clientID, "client-id", "", "client `ID` of the device (default: the name of the thing)")
	flags.StringVar(&o.will, "will", "", "`topic` of the will of the firmware")
	flags.BoolVar(&o.persistent, "persistent", false, "the firmware asks for a persistent session")
	flags.BoolVar(&o.witness, "witness", false, "ask AWS as well")
	o.output.AddFlag(c)
	return c
}

func explain(ctx context.Context, o *explainOptions, name string, texts []string, streams terminal.Streams) error {
	if err := o.target.Check(); err != nil {
		return err
	}
	requests, err := ParseRequests(texts, "")
	if err == nil {
		requests, err = withWill(requests, o.will)
	}
	if err != nil {
		return err
	}
	connection, err := o.target.ConnectToCopy(ctx, streams.Err)
	if err != nil {
		return err
	}
	defer connection.Close() //nolint:errcheck // nothing was written
	r, err := newRegistry(ctx, connection)
	if err != nil {
		return err
	}
	d, err := r.find(name, o.clientID)
	if err != nil {
		return err
	}
	d.connection.Will, d.connection.Persistent = o.will, o.persistent
	lines, err := d.explainAll(requests)
	if err != nil {
		return err
	}
	if o.witness {
		if err := r.ask(d, lines, nil, nil); err != nil {
			return err
		}
	}
	if o.output == terminal.JSON {
		err = terminal.PrintLines(streams, lines)
	} else {
		err = printDecisions(d, lines, streams)
	}
	for _, l := range lines {
		if err == nil && (l.Decision != policy.Allowed || d.certificate.Status != iot.StatusActive) {
			return exit.Silently(exit.Incomplete)
		}
	}
	return err
}

// ParseRequests parses requests of the command line. The flag that they are given by is in errors.
func ParseRequests(texts []string, flag string) (requests []verdict.Request, err error) {
	for _, text := range texts {
		r, err := verdict.ParseRequest(text)
		if err != nil {
			return nil, exit.UsageError(fmt.Errorf("%s%w", flag, err),
				"write connect, or one of publish:TOPIC, subscribe:FILTER, receive:TOPIC and retain:TOPIC")
		}
		requests = append(requests, r)
	}
	return requests, nil
}

// withWill adds the message of the will, without which AWS IoT refuses a connection with the will.
func withWill(requests []verdict.Request, will string) ([]verdict.Request, error) {
	if will == "" {
		return requests, nil
	}
	message, err := verdict.ParseRequest("publish:" + will)
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("--will: %w", err), "")
	}
	if slices.ContainsFunc(requests, func(r verdict.Request) bool { return r.Text == message.Text && !r.Other }) {
		return requests, nil
	}
	return append(requests, message), nil
}

// A decisionLine is the decision on a request as JSON.
type decisionLine struct {
	Type        string          `json:"type"`
	Request     string          `json:"request"`
	Resource    string          `json:"resource"`
	Decision    policy.Outcome  `json:"decision"`
	ClientID    string          `json:"client_id"`
	Thing       string          `json:"thing_name,omitempty"`
	Certificate string          `json:"certificate_id"`
	Status      iot.Status      `json:"status"`
	Statements  []statementLine `json:"statements,omitempty"`
	Variables   []variableLine  `json:"variables,omitempty"`
	Open        []questionLine  `json:"open,omitempty"`
	Witness     string          `json:"witness,omitempty"`
	request     policy.Request
}

type statementLine struct {
	placeLine
	AttachedTo string        `json:"attached_to"`
	SID        string        `json:"sid,omitempty"`
	Effect     policy.Effect `json:"effect"`
	Resource   string        `json:"resource,omitempty"`
}

type variableLine struct {
	Name    string        `json:"name"`
	Value   string        `json:"value,omitempty"`
	Reason  policy.Reason `json:"reason,omitempty"`
	Meaning string        `json:"meaning,omitempty"`
}

func (d *registered) explainAll(requests []verdict.Request) (lines []*decisionLine, _ error) {
	device := &manifest.Device{Certificate: d.leaf, Attributes: map[string]string{}}
	var documents []*policy.Document
	for _, document := range d.documents {
		documents = append(documents, document.Document)
	}
	for _, r := range requests {
		request, err := r.For(device, &d.connection)
		if err != nil {
			return nil, exit.UsageError(fmt.Errorf("%s: %w", r.Text, err), "write the topic out")
		}
		decision := policy.Evaluate(documents, d.connection, request)
		line := &decisionLine{
			Type: "decision", Request: r.Text, Resource: request.Resource, Decision: decision.Outcome, ClientID: d.connection.ClientID,
			Certificate: d.certificate.ID, Status: d.certificate.Status, request: request,
		}
		if belongs := d.connection.Thing(); belongs != nil {
			line.Thing = belongs.Name
		}
		for _, m := range decision.Matched {
			line.Statements = append(line.Statements, d.statement(m))
		}
		for _, v := range decision.Variables {
			line.Variables = append(line.Variables, variableLine{v.Name, v.Value, v.Reason, advice.ForReason(v.Reason).Meaning})
		}
		for _, q := range decision.Open {
			line.Open = append(line.Open, questionLine{q, advice.ForQuestion(q).Meaning})
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (d *registered) statement(m policy.Match) statementLine {
	document := d.documents[m.Document]
	s := document.Statements[m.Statement]
	line := statementLine{
		placeLine: placeLine{document.Name, s.Line, s.Column}, AttachedTo: "certificate", SID: s.SID, Effect: m.Effect,
	}
	if document.OfGroup {
		line.AttachedTo = "thing group"
	}
	if m.Resource >= 0 {
		line.Resource = s.Resources[m.Resource].Text
	}
	return line
}

// printDecisions prints decisions for people.
func printDecisions(d *registered, lines []*decisionLine, streams terminal.Streams) error {
	var b strings.Builder
	say := func(format string, args ...any) { plain.Fprintf(&b, format+"\n", args...) }
	say("certificate %s, %s", d.certificate.ID, d.certificate.Status)
	thing := "belongs to no thing"
	if belongs := d.connection.Thing(); belongs != nil {
		thing = "belongs to the thing " + belongs.Name
	}
	say("client ID %s, the connection %s", d.connection.ClientID, thing)
	if d.certificate.Status != iot.StatusActive {
		say("the device cannot connect with a certificate that is not ACTIVE, whatever the policies allow")
	}
	if len(d.documents) == 0 {
		say("no policy is effective")
	}
	for _, l := range lines {
		ink := terminal.Green
		if l.Decision != policy.Allowed {
			ink = terminal.Red
		}
		plain.Fprintf(&b, "\n%s: ", l.Request)
		b.WriteString(streams.Ink(ink, decisionText(l.Decision)))
		say(" (%s)", l.Resource)
		for _, s := range l.Statements {
			sid := ""
			if s.SID != "" {
				sid = " " + s.SID
			}
			say("  %s by the statement%s on line %d of policy %s, attached to the %s", effectText(s.Effect), sid, s.Line, s.Policy, s.AttachedTo)
			if s.Resource != "" {
				say("    %s", s.Resource)
			}
		}
		for _, v := range l.Variables {
			if v.Reason == "" {
				say("  ${%s} is %s", v.Name, v.Value)
			} else {
				say("  ${%s} is not substituted: %s", v.Name, v.Meaning)
			}
		}
		for _, q := range l.Open {
			say("  AWS does not document %s", q.Meaning)
		}
		if l.Witness != "" {
			say("  %s", witnessText(l))
		}
	}
	// All text of others is cleaned above, and the stream would clean colours as well.
	_, err := fmt.Fprint(terminal.Raw(streams.Out), streams.WrapOut(b.String()))
	return err
}

func effectText(e policy.Effect) string {
	if e == policy.Deny {
		return "denied"
	}
	return "allowed"
}

func decisionText(o policy.Outcome) string {
	switch o {
	case policy.Allowed:
		return "allowed"
	case policy.ExplicitDeny:
		return "refused, a statement denies it"
	}
	return "refused, no statement allows it"
}
