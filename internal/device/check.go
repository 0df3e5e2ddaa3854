package device

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// An AttachmentReport is the result of a check of attachments.
type AttachmentReport struct {
	// Policies are those that are attached to the certificate.
	Policies []iot.Policy
	// PoliciesOnGroups are the policies of the thing groups and of the groups above them.
	PoliciesOnGroups []string
	// GroupsUnread reports whether the credentials may not read the policies of a thing group.
	GroupsUnread bool
	// Connectable reports whether there is any policy, on the certificate or
	// on the groups. Without one, devices cannot connect.
	Connectable bool
}

// A Finding is one fault of attachments.
type Finding struct {
	// Code is the kind of fault, for which package advice has a remedy.
	Code FindingCode
	// Kind is policy, thing type, thing group, billing group or attribute.
	Kind string
	// Name is the name of the resource; empty if there are too many of them.
	Name string
	// Problem is a sentence without the name.
	Problem string
}

// A FindingCode is a kind of fault of attachments. Codes are stable.
type FindingCode string

// Codes of a [Finding].
const (
	FindingMissing       FindingCode = "missing"
	FindingTooMany       FindingCode = "too-many"
	FindingBadName       FindingCode = "bad-name"
	FindingBadValue      FindingCode = "bad-value"
	FindingDeprecated    FindingCode = "deprecated"
	FindingDynamic       FindingCode = "dynamic"
	FindingSameHierarchy FindingCode = "same-hierarchy"
)

// String returns one line with kind, name and problem.
func (f Finding) String() string {
	if f.Name == "" {
		return f.Kind + ": " + f.Problem
	}
	return fmt.Sprintf("%s %s: %s", f.Kind, f.Name, f.Problem)
}

// An AttachmentError lists all faults of attachments.
type AttachmentError struct {
	Findings []Finding
}

// Error lists all findings.
func (e *AttachmentError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "; ")
}

// CheckAttachments checks that the attachments exist, fit together, and are
// within AWS's limits. It returns all faults as an *[AttachmentError], and a
// *[call.StopError] if AWS refuses a call. It retries throttled and transient
// failures until ctx ends.
func CheckAttachments(ctx context.Context, aws iot.AWS, limiters *quota.Limiters, a Attachments) (*AttachmentReport, error) {
	caller := call.New(call.Options{Limiters: limiters, Lifetimes: call.Lifetimes{Begin: ctx, Flight: ctx}, Clock: aws.Now})
	report, err := checkAttachments(caller, aws, a)
	if errors.Is(err, call.ErrEnded) && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return report, err
}

// ReadPolicies returns policies with their documents, without those that the credentials may not
// read or that are gone. It retries as [CheckAttachments] does.
func ReadPolicies(ctx context.Context, aws iot.AWS, limiters *quota.Limiters, names []string) (policies []iot.Policy, err error) {
	caller := call.New(call.Options{Limiters: limiters, Lifetimes: call.Lifetimes{Begin: ctx, Flight: ctx}, Clock: aws.Now})
	for _, name := range names {
		var found iot.Policy
		_, err := caller.Do(iot.GetPolicy, func(ctx context.Context) (err error) {
			found, err = aws.Checks.GetPolicy(ctx, name)
			return err
		})
		switch class := iot.ClassOf(err); {
		case err == nil:
			policies = append(policies, found)
		case class == iot.ClassImport || class == iot.ClassNotFound || class == iot.ClassDevice:
		case errors.Is(err, call.ErrEnded) && ctx.Err() != nil:
			return nil, context.Cause(ctx)
		default:
			return nil, err
		}
	}
	return policies, nil
}

// attachmentsGone checks the attachments again. It returns nil if they all exist.
func attachmentsGone(c *call.Caller, a *Account) error {
	_, err := checkAttachments(c, a.AWS, a.Wanted.Attachments)
	if err == nil || call.Final(err) {
		return err
	}
	return &call.StopError{Code: call.StopAttachment, Cause: err}
}

// checkAttachments makes the checks. It returns an *AttachmentError, a
// *call.StopError, or an error that wraps call.ErrEnded.
func checkAttachments(caller *call.Caller, aws iot.AWS, a Attachments) (*AttachmentReport, error) {
	c := &checker{aws: aws, attachments: a, caller: caller, findings: a.Faults()}
	report := &AttachmentReport{Connectable: len(a.Policies) > 0}
	for _, check := range []func(*AttachmentReport) error{c.policies, c.thingType, c.groups, c.billingGroup} {
		if err := check(report); err != nil && call.Final(err) {
			return nil, err
		} else if err != nil {
			return nil, &call.StopError{Code: call.StopRefused, Cause: err}
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
	caller      *call.Caller
	findings    []Finding
}

func (c *checker) find(code FindingCode, kind, name, problem string, args ...any) {
	c.findings = append(c.findings, Finding{code, kind, name, fmt.Sprintf(problem, args...)})
}

// describe reports whether a resource exists; a missing resource is a finding.
func (c *checker) describe(op iot.Operation, kind, name string, call func(context.Context) error) (bool, error) {
	_, err := c.caller.Do(op, call)
	switch iot.ClassOf(err) {
	case iot.ClassNotFound:
		c.find(FindingMissing, kind, name, "does not exist")
		return false, nil
	case iot.ClassDevice: // AWS refuses the name itself
		c.find(FindingMissing, kind, name, "%s", err.Error())
		return false, nil
	}
	return err == nil, err
}

func (c *checker) policies(report *AttachmentReport) error {
	for _, name := range c.attachments.Policies {
		var found iot.Policy
		ok, err := c.describe(iot.GetPolicy, "policy", name,
			func(ctx context.Context) (err error) {
				found, err = c.aws.Checks.GetPolicy(ctx, name)
				return err
			})
		if err != nil {
			return err
		}
		if ok {
			report.Policies = append(report.Policies, found)
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
	ok, err := c.describe(iot.DescribeThingType, "thing type", name,
		func(ctx context.Context) (err error) {
			found, err = c.aws.Checks.DescribeThingType(ctx, name)
			return err
		})
	if ok && found.Deprecated {
		c.find(FindingDeprecated, "thing type", name, "is deprecated and cannot be assigned to new things")
	}
	return err
}

func (c *checker) billingGroup(*AttachmentReport) error {
	name := c.attachments.BillingGroup
	if name == "" {
		return nil
	}
	_, err := c.describe(iot.DescribeBillingGroup, "billing group", name,
		func(ctx context.Context) error { return c.aws.Checks.DescribeBillingGroup(ctx, name) })
	return err
}

func (c *checker) groups(report *AttachmentReport) error {
	roots := map[string]string{} // the first group of a hierarchy, by its root
	for _, name := range c.attachments.ThingGroups {
		var group iot.ThingGroup
		ok, err := c.describe(iot.DescribeThingGroup, "thing group", name,
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
			c.find(FindingDynamic, "thing group", name, "is dynamic: AWS IoT chooses its things by a query")
			continue
		}
		if other, twice := roots[group.Root]; twice {
			c.find(FindingSameHierarchy, "thing group", name, "is in one hierarchy with thing group %s: a thing can be in one of them only", other)
		}
		roots[group.Root] = name
		if err := c.groupPolicies(group.ARN, report); err != nil {
			return err
		}
	}
	return nil
}

// groupPolicies adds the policies of a group to the report. If the credentials
// may not read them it adds none.
func (c *checker) groupPolicies(arn string, report *AttachmentReport) error {
	if arn == "" {
		report.GroupsUnread = true
		return nil
	}
	for token := ""; ; {
		var page []string
		_, err := c.caller.Do(iot.ListAttachedPolicies, func(ctx context.Context) (err error) {
			page, token, err = c.aws.Policies.ListAttachedPolicies(ctx, arn, token)
			return err
		})
		if class := iot.ClassOf(err); class == iot.ClassImport || class == iot.ClassNotFound || class == iot.ClassDevice {
			report.GroupsUnread = true
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
