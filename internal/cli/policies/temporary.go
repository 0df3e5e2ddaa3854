package policies

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/policyvectors"
)

// A temporary is what exists in an account while AWS is asked about vectors: a certificate, a thing and
// policies. The policies are created first and the first of them is deleted last, because its name leads
// to the others if the command is killed.
type temporary struct {
	principal *policyvectors.Principal
	// policies are the names of those that were created, or whose answer was lost.
	policies []string
	counter
	// creating ends with the first interrupt, removing with the second one.
	creating, removing *registry
	drafts             iot.Drafts
}

// removalCalls are the calls that remove thing and certificate.
const removalCalls = 4

// errNoCalls is returned instead of making a call that is one too many.
var errNoCalls = errors.New("no calls are left")

// A counter counts calls, those that are tried again as well.
type counter struct{ made, most int }

// counted returns f, which is not called more often than the limit allows.
func (c *counter) counted(f func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if c.made >= c.most {
			return errNoCalls
		}
		c.made++
		return f(ctx)
	}
}

func newTemporary(ctx context.Context, c *target.Connection, principal *policyvectors.Principal, made int) (*temporary, error) {
	abort := terminal.AbortContext(ctx)
	t := &temporary{principal: principal, drafts: c.Client, counter: counter{made: made, most: maxCalls}}
	var err error
	if t.creating, err = newRegistryDuring(call.Lifetimes{Begin: ctx, Flight: abort}, c); err != nil {
		return nil, err
	}
	t.removing, err = newRegistryDuring(call.Lifetimes{Begin: abort, Flight: abort}, c)
	return t, err
}

// arn returns the ARN of the certificate.
func (t *temporary) arn() string { return t.creating.target.ARN("cert/" + t.principal.ID) }

// create makes a call that creates something. It must be there before it can be used.
func (t *temporary) create(op iot.Operation, f func(context.Context) error) error {
	_, err := t.creating.caller.DoUntilFound(op, t.counted(f))
	return err
}

// createAll creates the policies, the thing and the certificate. It returns the documents that AWS
// refuses, with what AWS says.
func (t *temporary) createAll(documents []string) (refused map[int]string, err error) {
	refused, t.most = map[int]string{}, maxCalls-removalCalls-len(documents)
	for i, document := range documents {
		name := t.principal.PolicyName(i)
		t.policies = append(t.policies, name)
		err := t.create(iot.CreatePolicy, func(ctx context.Context) error { return t.drafts.CreatePolicy(ctx, name, document) })
		switch iot.ClassOf(err) {
		case iot.ClassDevice:
			refused[i] = messageOf(err)
		case iot.ClassExists: // the answer to the first attempt was lost
		default:
			if err != nil {
				return nil, err
			}
		}
	}
	aws := t.creating.aws
	thing := iot.Thing{Name: t.principal.Thing(), Attributes: t.principal.Attributes()}
	if err := t.create(iot.CreateThing, func(ctx context.Context) error { return aws.Things.CreateThing(ctx, thing) }); err != nil {
		return nil, err
	}
	err = t.create(iot.RegisterCertificateWithoutCA, func(ctx context.Context) error {
		_, err := aws.Certificates.RegisterCertificateWithoutCA(ctx, t.principal.PEM, iot.StatusActive)
		return err
	})
	if err != nil && iot.ClassOf(err) != iot.ClassExists {
		return nil, err
	}
	return refused, t.attach(false)
}

func (t *temporary) attach(exclusive bool) error {
	return t.create(iot.AttachThingPrincipal, func(ctx context.Context) error {
		return t.creating.aws.Principals.AttachThingPrincipal(ctx, t.principal.Thing(), t.arn(), exclusive)
	})
}

// attachExclusively attaches the certificate in the other way.
func (t *temporary) attachExclusively() error {
	if err := t.create(iot.DetachThingPrincipal, func(ctx context.Context) error {
		return t.creating.aws.Removals.DetachThingPrincipal(ctx, t.principal.Thing(), t.arn())
	}); err != nil {
		return err
	}
	return t.attach(true)
}

// messageOf returns what AWS says, without the operation.
func messageOf(err error) string {
	var api *iot.APIError
	if errors.As(err, &api) {
		return cmp.Or(api.Message, api.Code)
	}
	return err.Error()
}

// removeAll removes everything. It goes on after a failure, and returns what is left. Removing comes
// before the limit of calls, which leaves some for calls that AWS wants to be repeated.
func (t *temporary) removeAll() (left []string, _ error) {
	t.most = t.made + 1000
	aws, thing, id := t.removing.aws, t.principal.Thing(), t.principal.ID
	var failures []error
	remove := func(what string, op iot.Operation, f func(context.Context) error) bool {
		_, err := t.removing.caller.DoUntilFree(op, t.counted(f))
		if err == nil || iot.ClassOf(err) == iot.ClassNotFound {
			return true
		}
		failures = append(failures, fmt.Errorf("%s: %w", what, err))
		left = append(left, what)
		return false
	}
	removePolicy := func(name string) {
		remove("policy "+name, iot.DeletePolicy, func(ctx context.Context) error { return t.drafts.DeletePolicy(ctx, name) })
	}
	if len(t.policies) == 0 {
		return nil, nil
	}
	remove("attachment of thing "+thing, iot.DetachThingPrincipal, func(ctx context.Context) error {
		return aws.Removals.DetachThingPrincipal(ctx, thing, t.arn())
	})
	for _, name := range t.policies[1:] {
		removePolicy(name)
	}
	if remove("status of certificate "+id, iot.UpdateCertificate, func(ctx context.Context) error {
		return aws.Certificates.UpdateCertificate(ctx, id, iot.StatusInactive)
	}) {
		remove("certificate "+id, iot.DeleteCertificate, func(ctx context.Context) error { return aws.Removals.DeleteCertificate(ctx, id) })
	}
	remove("thing "+thing, iot.DeleteThing, func(ctx context.Context) error { return aws.Removals.DeleteThing(ctx, thing, 1) })
	if len(left) == 0 {
		removePolicy(t.policies[0])
	} else {
		left = append(left, "policy "+t.policies[0])
	}
	return left, errors.Join(failures...)
}
