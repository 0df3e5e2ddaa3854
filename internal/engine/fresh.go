package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/thingpress/thingpress/internal/iot"
)

// bring makes the device able to connect. Nothing is asked first: for a device
// that is new to AWS, which most are, every read would be a call for nothing.
func (d *deviceRun) bring() error {
	r := d.run
	if facts, ok := r.state.of(d.task); ok {
		return d.reconcile(facts)
	}
	lost, err := d.register()
	var api *iot.APIError
	switch {
	case err == nil:
		d.created = true
		r.state.sawNew()
		return d.complete()
	case iot.ClassOf(err) == iot.ClassExists && errors.As(err, &api):
		return d.registered(api, lost)
	case isFinal(err):
		return err
	}
	return failureOf(err)
}

// isFinal says that an error is not the device's.
func isFinal(err error) bool {
	var stop *StopError
	return errors.As(err, &stop) || errors.Is(err, errEnded)
}

func (d *deviceRun) register() (lost time.Time, err error) {
	pem := d.task.device.PEM()
	result, err := d.call(opRegister, func(ctx context.Context) error {
		arn, err := d.run.AWS.Certificates.RegisterCertificateWithoutCA(ctx, pem, d.run.Settings.status())
		if err == nil {
			d.arn = cmp.Or(arn, d.arn)
			d.step(rankCertificate, opRegister, "", true)
		}
		return err
	})
	return result.lost, err
}

// registered goes on with a certificate that AWS says to exist. It is ours if
// calls for the device may have been made before, and if it was not registered
// before the first of them: in doubt it is not ours.
func (d *deviceRun) registered(api *iot.APIError, lost time.Time) error {
	d.id, d.arn = cmp.Or(api.ResourceID, d.id), cmp.Or(api.ResourceARN, d.arn)
	since := d.task.marked
	if since.IsZero() {
		since = lost
	}
	if since.IsZero() && !d.task.created {
		d.run.state.sawExisting()
		return d.reconcile(facts{})
	}
	certificate, err := d.describeCertificate()
	if err != nil {
		return err
	}
	if d.task.created || !certificate.Created.IsZero() && !certificate.Created.Before(since.Add(-clockSlack)) {
		d.created = true
		d.step(rankCertificate, opRegister, "", true)
		if certificate.Status == d.run.Settings.status() {
			return d.complete()
		}
	}
	return d.reconcile(facts{certificate: &certificate})
}

// clockSlack makes up for AWS's times, which are whole seconds.
const clockSlack = time.Second

// complete goes on with a certificate that this import registered.
func (d *deviceRun) complete() error {
	err := d.createThing()
	switch {
	case err == nil:
		return d.attach(d.run.everything())
	case iot.ClassOf(err) == iot.ClassExists:
		return d.reconcileThing()
	case isFinal(err):
		return err
	}
	return d.missing(err)
}

func (d *deviceRun) createThing() error {
	_, err := d.call(iot.CreateThing, func(ctx context.Context) error {
		return d.run.AWS.Things.CreateThing(ctx, d.task.thing)
	})
	if err == nil {
		d.step(rankThing, iot.CreateThing, "", false)
	}
	return err
}

// everything are all attachments.
func (r *run) everything() plan {
	return plan{attach: true, policies: r.Settings.Attachments.Policies, groups: r.Settings.Attachments.ThingGroups}
}

// attach makes the calls that need certificate and thing, side by side. What
// is attached to a certificate that this import registered was created by it.
func (d *deviceRun) attach(p plan) error {
	var calls []func() error
	if p.attach {
		calls = append(calls, d.attachPrincipal)
	}
	for i, policy := range p.policies {
		calls = append(calls, func() error {
			return d.join(rankPolicies+i, iot.AttachPolicy, policy, d.created, func(ctx context.Context) error {
				return d.run.AWS.Policies.AttachPolicy(ctx, policy, d.arn)
			})
		})
	}
	return d.together(append(calls, d.groupCalls(p.groups)...)...)
}

func (d *deviceRun) attachPrincipal() error {
	err := d.join(rankPrincipal, iot.AttachThingPrincipal, "", d.created, func(ctx context.Context) error {
		return d.run.AWS.Principals.AttachThingPrincipal(ctx, d.task.thing.Name, d.arn, d.run.Settings.Exclusive)
	})
	var failure *deviceError
	if d.run.Settings.Exclusive && errors.As(err, &failure) && iot.ClassOf(err) == iot.ClassDevice {
		return &deviceError{reason: ReasonConflictExclusive, err: failure.err}
	}
	return err
}

// groupCalls joins groups in the form that the quotas make faster.
func (d *deviceRun) groupCalls(groups []string) []func() error {
	thing := d.task.thing.Name
	if d.run.paths.groupOp == iot.UpdateThingGroupsForThing && len(groups) > 0 {
		return []func() error{func() error {
			err := d.attempt(iot.UpdateThingGroupsForThing, func(ctx context.Context) error {
				return d.run.AWS.Groups.UpdateThingGroupsForThing(ctx, thing, groups)
			})
			if err == nil {
				for i, group := range groups {
					d.step(rankGroups+i, iot.UpdateThingGroupsForThing, group, false)
				}
			}
			return err
		}}
	}
	var calls []func() error
	for i, group := range groups {
		calls = append(calls, func() error {
			return d.join(rankGroups+i, iot.AddThingToThingGroup, group, false, func(ctx context.Context) error {
				return d.run.AWS.Groups.AddThingToThingGroup(ctx, group, thing)
			})
		})
	}
	return calls
}

// join makes a call that attaches, and notes the step.
func (d *deviceRun) join(rank int, op iot.Operation, resource string, created bool, call func(ctx context.Context) error) error {
	err := d.attempt(op, call)
	if err == nil {
		d.step(rank, op, resource, created)
	}
	return err
}

func (d *deviceRun) attempt(op iot.Operation, call func(ctx context.Context) error) error {
	err := d.callUntilFound(op, call)
	if err == nil || isFinal(err) {
		return err
	}
	return d.missing(err)
}

// missing turns "not found" into a stop if a policy, type or group is gone,
// and every other refusal into a failure of the device.
func (d *deviceRun) missing(err error) error {
	if iot.ClassOf(err) != iot.ClassNotFound {
		return failureOf(err)
	}
	if gone := d.run.attachmentsGone(); gone != nil {
		return gone
	}
	return failureOf(err)
}

// attachmentsGone checks the attachments anew. It returns nil if they are all there.
func (r *run) attachmentsGone() error {
	c := &checker{aws: r.AWS, attachments: r.Settings.Attachments, caller: r.caller}
	_, err := c.check()
	switch {
	case err == nil:
		return nil
	case isFinal(err):
		return err
	}
	return &StopError{Cause: err, Hint: "make it anew, and run the same command again"}
}
