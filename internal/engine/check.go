package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/quota"
)

// Limits of AWS IoT on what one device may have (Service Quotas, AWS IoT Core).
const (
	maxPolicies           = 10
	maxThingGroups        = 10
	maxAttributesUntyped  = 3
	maxAttributesWithType = 50
)

// An AttachmentReport is what a check of attachments found out.
type AttachmentReport struct {
	// PoliciesOnGroups are the policies that devices get through their thing groups.
	PoliciesOnGroups []string
	// Connectable says whether there is any policy, on the certificate or on
	// the groups: without one devices will not be able to connect.
	Connectable bool
}

// A Finding is one thing that is wrong with attachments.
type Finding struct {
	// Kind is what it is about: policy, thing type, thing group, billing group, attribute.
	Kind string
	// Name is which one.
	Name string
	// Problem is what is wrong, and Hint what to do.
	Problem, Hint string
}

// String is one line.
func (f Finding) String() string {
	if f.Name == "" {
		return f.Kind + ": " + f.Problem
	}
	return fmt.Sprintf("%s %s: %s", f.Kind, f.Name, f.Problem)
}

// An AttachmentError says everything that is wrong with attachments.
type AttachmentError struct {
	Findings []Finding
}

// Error tells all findings.
func (e *AttachmentError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "; ")
}

// CheckAttachments looks whether everything that devices are to be attached
// to exists, fits together, and is within AWS's limits. What it finds is an
// *[AttachmentError] with all of it; a call that AWS refuses is a *[StopError].
// Throttled and transient failures are tried again until ctx ends.
func CheckAttachments(ctx context.Context, aws iot.AWS, limiters *quota.Limiters, a Attachments) (*AttachmentReport, error) {
	now := aws.Now
	if now == nil {
		now = time.Now
	}
	c := &checker{
		aws: aws, attachments: a,
		caller: &caller{limiters: limiters, outage: &outage{}, tally: newTally(), now: now, begin: ctx, flight: ctx},
	}
	report, err := c.check()
	switch {
	case err == nil:
		return report, nil
	case errors.Is(err, errEnded) && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, err
}

// check makes the checks. Its errors are an *AttachmentError, a *StopError, or wrap errEnded.
func (c *checker) check() (*AttachmentReport, error) {
	report := &AttachmentReport{Connectable: len(c.attachments.Policies) > 0}
	c.numbers()
	for _, look := range []func(*AttachmentReport) error{c.policies, c.thingType, c.groups, c.billingGroup} {
		if err := look(report); err != nil {
			var stop *StopError
			if err = judged(err); errors.Is(err, errEnded) || errors.As(err, &stop) {
				return nil, err
			}
			return nil, &StopError{Cause: err}
		}
	}
	if len(c.findings) > 0 {
		return nil, &AttachmentError{Findings: c.findings}
	}
	return report, nil
}

type checker struct {
	aws         iot.AWS
	attachments Attachments
	caller      *caller
	findings    []Finding
}

func (c *checker) find(kind, name, problem, hint string) {
	c.findings = append(c.findings, Finding{kind, name, problem, hint})
}

// numbers checks what needs no call.
func (c *checker) numbers() {
	a := c.attachments
	if n := len(a.Policies); n > maxPolicies {
		c.find("policy", "", fmt.Sprintf("%d policies, AWS IoT attaches %d to a certificate", n, maxPolicies), "merge policies")
	}
	if n := len(a.ThingGroups); n > maxThingGroups {
		c.find("thing group", "", fmt.Sprintf("%d thing groups, AWS IoT lets a thing be in %d", n, maxThingGroups), "name fewer groups")
	}
	most := maxAttributesWithType
	if a.ThingType == "" {
		most = maxAttributesUntyped
	}
	if n := len(a.Attributes); n > most {
		c.find("attribute", "", fmt.Sprintf("%d attributes, AWS IoT takes %d of a thing with a type and %d of one without", n, maxAttributesWithType, maxAttributesUntyped),
			"name a thing type with --thing-type, or fewer attributes")
	}
	for _, attribute := range a.Attributes {
		if attribute.Name == "" || len(attribute.Name) > maxAttributeName || !attributeText(attribute.Name, "_.,@/:#-") {
			c.find("attribute", attribute.Name, fmt.Sprintf("AWS IoT takes names of 1 to %d of a-z A-Z 0-9 _ . , @ / : # -", maxAttributeName), "choose another name")
		}
	}
}

// exists makes a describing call. A resource that does not exist is a finding.
func (c *checker) exists(op iot.Operation, kind, name, hint string, call func(context.Context) error) (bool, error) {
	_, err := c.caller.do(op, call)
	switch iot.ClassOf(err) {
	case iot.ClassNotFound:
		c.find(kind, name, "does not exist", hint)
		return false, nil
	case iot.ClassDevice: // AWS refuses the name itself
		c.find(kind, name, err.Error(), hint)
		return false, nil
	}
	return err == nil, err
}

func (c *checker) policies(*AttachmentReport) error {
	for _, name := range c.attachments.Policies {
		_, err := c.exists(iot.GetPolicy, "policy", name, "create it (aws iot create-policy), or look at the region and account",
			func(ctx context.Context) error { return c.aws.Checks.GetPolicy(ctx, name) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) thingType(*AttachmentReport) error {
	name := c.attachments.ThingType
	if name == "" {
		return nil
	}
	var found iot.ThingType
	ok, err := c.exists(iot.DescribeThingType, "thing type", name, "create it (aws iot create-thing-type), or look at the region and account",
		func(ctx context.Context) (err error) {
			found, err = c.aws.Checks.DescribeThingType(ctx, name)
			return err
		})
	if ok && found.Deprecated {
		c.find("thing type", name, "is deprecated: AWS IoT gives it to no thing", "undo it (aws iot deprecate-thing-type --undo-deprecate), or name another type")
	}
	return err
}

func (c *checker) billingGroup(*AttachmentReport) error {
	name := c.attachments.BillingGroup
	if name == "" {
		return nil
	}
	_, err := c.exists(iot.DescribeBillingGroup, "billing group", name, "create it (aws iot create-billing-group), or look at the region and account",
		func(ctx context.Context) error { return c.aws.Checks.DescribeBillingGroup(ctx, name) })
	return err
}

func (c *checker) groups(report *AttachmentReport) error {
	roots := map[string]string{} // by root, the first group of that hierarchy
	for _, name := range c.attachments.ThingGroups {
		var group iot.ThingGroup
		ok, err := c.exists(iot.DescribeThingGroup, "thing group", name, "create it (aws iot create-thing-group), or look at the region and account",
			func(ctx context.Context) (err error) {
				group, err = c.aws.Checks.DescribeThingGroup(ctx, name)
				return err
			})
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if group.Query != "" {
			c.find("thing group", name, "is dynamic: AWS IoT chooses its things by a query", "name a static group")
			continue
		}
		if other, twice := roots[group.Root]; twice {
			c.find("thing group", name, fmt.Sprintf("is in one hierarchy with thing group %s: a thing can be in one of them only", other), "name one of the two")
		}
		roots[group.Root] = name
		if err := c.groupPolicies(group.ARN, report); err != nil {
			return err
		}
	}
	return nil
}

// groupPolicies tells the policies that a group brings. Reading them may not
// be allowed, and then they are not known to be there.
func (c *checker) groupPolicies(arn string, report *AttachmentReport) error {
	if arn == "" {
		return nil
	}
	for token := ""; ; {
		var page []string
		_, err := c.caller.do(iot.ListAttachedPolicies, func(ctx context.Context) (err error) {
			page, token, err = c.aws.Policies.ListAttachedPolicies(ctx, arn, token)
			return err
		})
		if class := iot.ClassOf(err); class == iot.ClassImport || class == iot.ClassNotFound || class == iot.ClassDevice {
			return nil
		}
		if err != nil {
			return err
		}
		report.PoliciesOnGroups = append(report.PoliciesOnGroups, page...)
		report.Connectable = report.Connectable || len(page) > 0
		if token == "" {
			return nil
		}
	}
}
