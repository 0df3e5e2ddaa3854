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
	return NewChecker(ctx, aws, limiters).Check(a)
}

// A Checker checks several attachments, and reads each name once. It is not safe for concurrent use.
type Checker struct {
	ctx    context.Context
	aws    iot.AWS
	caller *call.Caller
	read   map[resource]*answer
}

// NewChecker returns a Checker whose calls end with ctx.
func NewChecker(ctx context.Context, aws iot.AWS, limiters *quota.Limiters) *Checker {
	caller := call.New(call.Options{Limiters: limiters, Lifetimes: call.Lifetimes{Begin: ctx, Flight: ctx}, Clock: aws.Now})
	return newChecker(ctx, aws, caller)
}

func newChecker(ctx context.Context, aws iot.AWS, caller *call.Caller) *Checker {
	return &Checker{ctx: ctx, aws: aws, caller: caller, read: map[resource]*answer{}}
}

// Check is [CheckAttachments].
func (c *Checker) Check(a Attachments) (*AttachmentReport, error) {
	report, err := checkAttachments(c, a)
	if errors.Is(err, call.ErrEnded) && c.ctx.Err() != nil {
		return nil, context.Cause(c.ctx)
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

// attachmentsGone checks the attachments of a device again. It returns nil if they all exist.
func attachmentsGone(c *call.Caller, a *Account, d *Device) error {
	_, err := checkAttachments(newChecker(context.Background(), a.AWS, c), a.wanted(d).Attachments)
	if err == nil || call.Final(err) {
		return err
	}
	return &call.StopError{Code: call.StopAttachment, Cause: err}
}

// checkAttachments makes the checks. It returns an *AttachmentError, a
// *call.StopError, or an error that wraps call.ErrEnded.
func checkAttachments(checker *Checker, a Attachments) (*AttachmentReport, error) {
	c := &checking{Checker: checker, attachments: a, findings: a.Faults()}
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

// A resource is something that attachments name.
type resource struct{ kind, name string }

// An answer is what AWS said about a resource.
type answer struct {
	missing *Finding // nil if it exists
	policy  iot.Policy
	kind    iot.ThingType
	group   iot.ThingGroup
	// onGroup are the policies of a group; unread reports whether they may not be read.
	onGroup []string
	unread  bool
}

type checking struct {
	*Checker
	attachments Attachments
	findings    []Finding
}

func (c *checking) find(code FindingCode, kind, name, problem string, args ...any) {
	c.findings = append(c.findings, Finding{code, kind, name, fmt.Sprintf(problem, args...)})
}

// describe returns what AWS says about a resource, and nil if it does not exist, which is a finding. It calls
// read once for each resource.
func (c *checking) describe(op iot.Operation, kind, name string, read func(context.Context, *answer) error) (*answer, error) {
	key := resource{kind, name}
	known := c.read[key]
	if known == nil {
		known = &answer{}
		_, err := c.caller.Do(op, func(ctx context.Context) error { return read(ctx, known) })
		switch class := iot.ClassOf(err); {
		case class == iot.ClassNotFound:
			known.missing = &Finding{FindingMissing, kind, name, "does not exist"}
		case class == iot.ClassDevice: // AWS refuses the name itself
			known.missing = &Finding{FindingMissing, kind, name, err.Error()}
		case err != nil:
			return nil, err
		}
		c.read[key] = known
	}
	if known.missing != nil {
		c.findings = append(c.findings, *known.missing)
		return nil, nil //nolint:nilnil // the finding says why
	}
	return known, nil
}

func (c *checking) policies(report *AttachmentReport) error {
	for _, name := range c.attachments.Policies {
		found, err := c.describe(iot.GetPolicy, "policy", name, func(ctx context.Context, a *answer) (err error) {
			a.policy, err = c.aws.Checks.GetPolicy(ctx, name)
			return err
		})
		if err != nil {
			return err
		}
		if found != nil {
			report.Policies = append(report.Policies, found.policy)
		}
	}
	return nil
}

func (c *checking) thingType(*AttachmentReport) error {
	name := c.attachments.ThingType
	if name == "" {
		return nil
	}
	found, err := c.describe(iot.DescribeThingType, "thing type", name, func(ctx context.Context, a *answer) (err error) {
		a.kind, err = c.aws.Checks.DescribeThingType(ctx, name)
		return err
	})
	if found != nil && found.kind.Deprecated {
		c.find(FindingDeprecated, "thing type", name, "is deprecated and cannot be assigned to new things")
	}
	return err
}

func (c *checking) billingGroup(*AttachmentReport) error {
	name := c.attachments.BillingGroup
	if name == "" {
		return nil
	}
	_, err := c.describe(iot.DescribeBillingGroup, "billing group", name, func(ctx context.Context, _ *answer) error {
		return c.aws.Checks.DescribeBillingGroup(ctx, name)
	})
	return err
}

func (c *checking) groups(report *AttachmentReport) error {
	roots := map[string]string{} // the first group of a hierarchy, by its root
	for _, name := range c.attachments.ThingGroups {
		found, err := c.describe(iot.DescribeThingGroup, "thing group", name, func(ctx context.Context, a *answer) (err error) {
			a.group, err = c.aws.Checks.DescribeThingGroup(ctx, name)
			return err
		})
		if err != nil {
			return err
		}
		if found == nil {
			continue
		}
		group := found.group
		if group.Query != "" {
			c.find(FindingDynamic, "thing group", name, "is dynamic: AWS IoT chooses its things by a query")
			continue
		}
		if other, twice := roots[group.Root]; twice {
			c.find(FindingSameHierarchy, "thing group", name, "is in one hierarchy with thing group %s: a thing can be in one of them only", other)
		}
		roots[group.Root] = name
		key := resource{"policies of a thing group", name}
		if c.read[key] == nil {
			onGroup := &answer{}
			if err := c.groupPolicies(group.ARN, onGroup); err != nil {
				return err
			}
			c.read[key] = onGroup
		}
		onGroup := c.read[key]
		report.PoliciesOnGroups = append(report.PoliciesOnGroups, onGroup.onGroup...)
		report.Connectable = report.Connectable || len(onGroup.onGroup) > 0
		report.GroupsUnread = report.GroupsUnread || onGroup.unread
	}
	return nil
}

// groupPolicies reads the policies of a group, as far as the credentials may.
func (c *checking) groupPolicies(arn string, to *answer) error {
	if arn == "" {
		to.unread = true
		return nil
	}
	for token := ""; ; {
		var page []string
		_, err := c.caller.Do(iot.ListAttachedPolicies, func(ctx context.Context) (err error) {
			page, token, err = c.aws.Policies.ListAttachedPolicies(ctx, arn, token)
			return err
		})
		if class := iot.ClassOf(err); class == iot.ClassImport || class == iot.ClassNotFound || class == iot.ClassDevice {
			to.unread = true
			return nil
		}
		if err != nil {
			return err
		}
		to.onGroup = append(to.onGroup, page...)
		if token == "" {
			return nil
		}
	}
}
