package imports

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// An attachmentCheck checks the attachments of an import, and those that its entries ask for while the
// manifests are read. It reads each name once. In the embedded sandbox it creates what is missing first.
type attachmentCheck struct {
	connection *target.Connection
	checker    *device.Checker
	// before are the attachments that the sandbox had before; created are those that were created there.
	before  []string
	created []target.Created
	// variants are the results for what entries ask for; faults are the findings that do not reject entries, and
	// stopped is the error that ended the checks.
	variants map[string]error
	faults   []device.Finding
	stopped  error
	// reports are the results by [policySetOf].
	reports map[string]*device.AttachmentReport
	// policies and onGroups are all that were found, each once.
	policies []iot.Policy
	onGroups []string
}

func newAttachmentCheck(ctx context.Context, c *target.Connection, quotas target.Quotas) *attachmentCheck {
	return &attachmentCheck{
		connection: c, before: c.Attachments(), checker: device.NewChecker(ctx, c.Client.AWS(), quotas.Limiters()),
		variants: map[string]error{}, reports: map[string]*device.AttachmentReport{},
	}
}

// policySetOf returns the same string for attachments with the same policies and thing groups.
func policySetOf(a device.Attachments) string {
	return strings.Join(slices.Concat(a.Policies, []string{""}, a.ThingGroups), "\x00")
}

// check checks attachments. What it created is valid with an error, too.
func (c *attachmentCheck) check(a device.Attachments) (*device.AttachmentReport, error) {
	created, err := c.connection.Ensure(a, c.before)
	if err != nil {
		return nil, err
	}
	c.created = append(c.created, created...)
	report, err := c.checker.Check(a)
	if err != nil {
		return nil, err
	}
	c.reports[policySetOf(a)] = report
	for _, p := range report.Policies {
		if !slices.ContainsFunc(c.policies, func(known iot.Policy) bool { return known.Name == p.Name }) {
			c.policies = append(c.policies, p)
		}
	}
	for _, name := range report.PoliciesOnGroups {
		if !slices.Contains(c.onGroups, name) {
			c.onGroups = append(c.onGroups, name)
		}
	}
	return report, nil
}

// ofImport checks the attachments that the flags name.
func (c *attachmentCheck) ofImport(a device.Attachments) (*device.AttachmentReport, error) {
	report, err := c.check(a)
	if hint := AttachmentHint(c.connection, err); hint != "" {
		return nil, exit.WithHint(err, hint)
	}
	return report, err
}

// ofVariant checks attachments that entries ask for. It is the [engine.Settings.CheckVariant] of an import.
// Thing groups of one hierarchy reject the entries. Everything else that is wrong would stop each of their
// devices, and is reported by wrong.
func (c *attachmentCheck) ofVariant(a device.Attachments) error {
	if c.stopped != nil {
		return nil
	}
	key := strings.Join([]string{policySetOf(a), a.ThingType, a.BillingGroup}, "\x00")
	refused, known := c.variants[key]
	if !known {
		refused = c.checkVariant(a)
		c.variants[key] = refused
	}
	return refused
}

// refusals returns the same string for checks that have rejected the entries that ask for the same; "" for none.
func (c *attachmentCheck) refusals() string {
	var refused []string
	for key, err := range c.variants {
		if err != nil {
			refused = append(refused, key)
		}
	}
	slices.Sort(refused)
	return strings.Join(refused, "\n")
}

func (c *attachmentCheck) checkVariant(a device.Attachments) error {
	_, err := c.check(a)
	var faults *device.AttachmentError
	if !errors.As(err, &faults) {
		c.stopped = err
		return nil
	}
	for _, f := range faults.Findings {
		if f.Code == device.FindingSameHierarchy {
			return manifest.Errorf(manifest.ReasonBadSettings, "%s", f.String())
		}
	}
	for _, f := range faults.Findings {
		if !slices.Contains(c.faults, f) {
			c.faults = append(c.faults, f)
		}
	}
	return nil
}

// wrong returns the error about what entries ask for, after the manifests were read.
func (c *attachmentCheck) wrong() error {
	switch {
	case c.stopped != nil:
		return c.stopped
	case len(c.faults) > 0:
		err := &device.AttachmentError{Findings: c.faults}
		return exit.WithHint(err, attachmentHint(c.connection, c.faults))
	}
	return nil
}

// addTo adds what is wrong with what entries ask for to what is wrong with the flags, which may be nil. It
// reports whether that is all that is wrong.
func (c *attachmentCheck) addTo(wrong **device.AttachmentError) bool {
	if c.stopped != nil {
		return false
	}
	var all device.AttachmentError
	if *wrong != nil {
		all = **wrong
	}
	for _, f := range c.faults {
		if !slices.Contains(all.Findings, f) {
			all.Findings = append(all.Findings, f)
		}
	}
	*wrong = &all
	return true
}

// unconnectable returns the number of devices that have no policy, neither on the certificate nor on a thing
// group.
func (c *attachmentCheck) unconnectable(portions []engine.Portion) (devices int) {
	for _, p := range portions {
		if report := c.reports[policySetOf(p.Attachments)]; report != nil && !report.Connectable {
			devices += p.Devices
		}
	}
	return devices
}
