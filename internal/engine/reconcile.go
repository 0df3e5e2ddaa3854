package engine

import (
	"context"
	"slices"

	"github.com/thingpress/thingpress/internal/iot"
)

// facts are what is known of a device before it is read. Only what was seen to
// be there is a fact: what a list does not show is looked up.
type facts struct {
	// certificate was read; nil is not known.
	certificate *iot.Certificate
	// thing says that the thing is as wanted.
	thing bool
	// policies and groups that the device was seen to have.
	policies, groups []string
	// paged says that the device is one of very many that exist: its link is
	// read from one side.
	paged bool
	// registered says that this import registered the certificate a moment
	// ago, so that there is nothing to be read of it.
	registered bool
}

// reconcile reads the state of a device that exists, and makes only the calls
// that are missing.
func (d *deviceRun) reconcile(known facts) error {
	for attempt := 1; ; attempt++ {
		have, err := d.look(known)
		if err != nil {
			return err
		}
		todo, err := judge(d.run.Settings, d.task.thing, have)
		if err != nil {
			return err
		}
		err = d.carryOut(todo)
		if iot.ClassOf(err) != iot.ClassExists {
			return err
		}
		// Somebody made the thing between our reading and our writing.
		if attempt == missingAttempts {
			return &deviceError{reason: ReasonConflictThing, err: err}
		}
		known.thing = false
		slept, ended := d.run.caller.backoff(attempt)
		if d.busy.Add(int64(slept)); ended != nil {
			return ended
		}
	}
}

// reconcileThing goes on where the certificate is new and the thing is not.
func (d *deviceRun) reconcileThing() error {
	return d.reconcile(facts{
		certificate: &iot.Certificate{ID: d.id, ARN: d.arn, Status: d.run.Settings.status()},
		registered:  true,
	})
}

// look reads what is not known, side by side.
func (d *deviceRun) look(known facts) (have observed, err error) {
	r, a := d.run, d.run.Settings.Attachments
	have.policies, have.groups = known.policies, known.groups
	reads := []func() error{func() error { return d.lookAtLinks(known, &have) }}
	if known.certificate != nil {
		have.status = known.certificate.Status
	} else {
		reads = append(reads, func() error {
			certificate, err := d.describeCertificate()
			have.status = certificate.Status
			return err
		})
	}
	if known.thing && a.BillingGroup == "" {
		have.thing = &d.task.thing
	} else {
		reads = append(reads, func() (err error) {
			have.thing, err = d.describeThing()
			return err
		})
	}
	if !known.registered && len(lacking(a.Policies, known.policies)) > 0 {
		reads = append(reads, func() (err error) {
			have.policies, err = d.readAll(iot.ListAttachedPolicies, func(ctx context.Context, token string) ([]string, string, error) {
				return r.AWS.Policies.ListAttachedPolicies(ctx, d.arn, token)
			})
			return err
		})
	}
	if !known.registered && len(lacking(a.ThingGroups, known.groups)) > 0 {
		reads = append(reads, func() (err error) {
			have.groups, err = d.readAll(iot.ListThingGroupsForThing, func(ctx context.Context, token string) ([]string, string, error) {
				return r.AWS.Groups.ListThingGroupsForThing(ctx, d.task.thing.Name, token)
			})
			return err
		})
	}
	return have, d.together(reads...)
}

func (d *deviceRun) describeCertificate() (certificate iot.Certificate, err error) {
	err = d.callUntilFound(iot.DescribeCertificate, func(ctx context.Context) (err error) {
		certificate, err = d.run.AWS.Certificates.DescribeCertificate(ctx, d.id)
		return err
	})
	switch {
	case iot.ClassOf(err) == iot.ClassNotFound:
		return certificate, &deviceError{reason: ReasonCertificateNotVisible, err: err}
	case err != nil && !isFinal(err):
		return certificate, failureOf(err)
	}
	return certificate, err
}

func (d *deviceRun) describeThing() (*iot.Thing, error) {
	var thing iot.Thing
	_, err := d.call(iot.DescribeThing, func(ctx context.Context) (err error) {
		thing, err = d.run.AWS.Things.DescribeThing(ctx, d.task.thing.Name)
		return err
	})
	switch {
	case iot.ClassOf(err) == iot.ClassNotFound:
		return nil, nil //nolint:nilnil // a thing that does not exist is an answer
	case err != nil && !isFinal(err):
		return nil, failureOf(err)
	case err != nil:
		return nil, err
	}
	return &thing, nil
}

// readAll reads a list to its end; of what does not exist it is empty.
func (d *deviceRun) readAll(op iot.Operation, read func(ctx context.Context, token string) ([]string, string, error)) ([]string, error) {
	var all []string
	for token := ""; ; {
		var page []string
		next := ""
		_, err := d.call(op, func(ctx context.Context) (err error) {
			page, next, err = read(ctx, token)
			return err
		})
		switch {
		case iot.ClassOf(err) == iot.ClassNotFound:
			return nil, nil
		case err != nil && !isFinal(err):
			return nil, failureOf(err)
		case err != nil:
			return nil, err
		}
		all = append(all, page...)
		if token = next; token == "" {
			return all, nil
		}
	}
}

// lookAtLinks reads what certificate and thing are attached to. Where very
// many devices exist one side has to do: the quotas of these reads are low. The
// side then depends on the certificate alone, so that a device is judged alike
// each time.
func (d *deviceRun) lookAtLinks(known facts, have *observed) error {
	var things, principals []iot.Link
	byThing, byPrincipal := true, !known.registered
	if known.paged {
		byThing = d.run.links.byThing(d.id)
		byPrincipal = !byThing
	}
	read := func(byThing, byPrincipal bool) error {
		var reads []func() error
		if byThing {
			reads = append(reads, func() (err error) { principals, err = d.readLinks(true); return err })
		}
		if byPrincipal {
			reads = append(reads, func() (err error) { things, err = d.readLinks(false); return err })
		}
		return d.together(reads...)
	}
	if err := read(byThing, byPrincipal); err != nil {
		return err
	}
	have.setLinks(d, things, principals)
	if known.paged && !have.linked { // a missing line in one list is looked up in the other
		if err := read(!byThing, !byPrincipal); err != nil {
			return err
		}
		have.setLinks(d, things, principals)
	}
	return nil
}

func (have *observed) setLinks(d *deviceRun, things, principals []iot.Link) {
	split := func(links []iot.Link, ours string) (others []string) {
		for _, link := range links {
			if link.Name != ours {
				others = append(others, link.Name)
				continue
			}
			have.linked = true
			if link.Type != "" {
				have.link = link.Type
			}
		}
		slices.Sort(others)
		return others
	}
	have.otherThings = split(things, d.task.thing.Name)
	have.otherPrincipals = split(principals, d.arn)
}

// readLinks reads one side of the attachments of the device.
func (d *deviceRun) readLinks(byThing bool) ([]iot.Link, error) {
	key := d.arn
	if byThing {
		key = d.task.thing.Name
	}
	links, busy, err := d.run.links.read(d.run.caller, byThing, key)
	d.busy.Add(int64(busy))
	switch err = judged(err); {
	case iot.ClassOf(err) == iot.ClassNotFound:
		return nil, nil
	case err != nil && !isFinal(err):
		return nil, failureOf(err)
	}
	return links, err
}

// carryOut makes the calls of a plan: what the others need comes first.
func (d *deviceRun) carryOut(p plan) error {
	err := d.together(
		func() error { return d.carryOutStatus(p) },
		func() error { return d.carryOutThing(p) },
	)
	if err != nil {
		return err
	}
	return d.attach(p)
}

func (d *deviceRun) carryOutStatus(p plan) error {
	if !p.updateStatus {
		return nil
	}
	return d.join(rankCertificate, iot.UpdateCertificate, "", false, func(ctx context.Context) error {
		return d.run.AWS.Certificates.UpdateCertificate(ctx, d.id, d.run.Settings.status())
	})
}

func (d *deviceRun) carryOutThing(p plan) error {
	if p.createThing {
		err := d.createThing()
		if err == nil || isFinal(err) || iot.ClassOf(err) == iot.ClassExists {
			return err
		}
		return d.missing(err)
	}
	if p.updateThing {
		err := d.join(rankThing, iot.UpdateThing, "", false, func(ctx context.Context) error {
			return d.run.AWS.Things.UpdateThing(ctx, d.task.thing)
		})
		if err != nil {
			return err
		}
	}
	if !p.billing {
		return nil
	}
	return d.join(rankThing, iot.AddThingToBillingGroup, d.task.thing.BillingGroup, false, func(ctx context.Context) error {
		return d.run.AWS.Things.AddThingToBillingGroup(ctx, d.task.thing.Name, d.task.thing.BillingGroup)
	})
}
