package stack

import (
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// Allowed are the names that entries of a manifest may ask for, each for its own device, besides those that
// every device of the import gets. Whoever may put a file into a bucket could otherwise give a device
// any policy, and by an attribute of its thing any place that a policy grants by a variable.
type Allowed struct {
	Policies      []string `json:"policies,omitempty"`
	ThingGroups   []string `json:"thing_groups,omitempty"`
	ThingTypes    []string `json:"thing_types,omitempty"`
	BillingGroups []string `json:"billing_groups,omitempty"`
	// Attributes are names, whose values entries may set.
	Attributes []string `json:"attributes,omitempty"`
}

// Check returns an error if an entry asks for something that is neither allowed nor part of what the import
// gives every device. The status of a certificate may be INACTIVE where the import says ACTIVE, and not the
// other way round. The error carries [manifest.ReasonBadSettings].
func (a *Allowed) Check(asked *manifest.Settings, imports engine.Settings) error {
	if asked == nil {
		return nil
	}
	all := imports.Attachments
	attributes := make([]string, 0, len(asked.Attributes))
	for name := range asked.Attributes {
		attributes = append(attributes, name)
	}
	slices.Sort(attributes)
	for _, kind := range []struct {
		name, parameter  string
		asked            []string
		allowed, imports []string
	}{
		{"policy", "AllowedPolicies", asked.Policies, a.Policies, all.Policies},
		{"thing group", "AllowedThingGroups", asked.ThingGroups, a.ThingGroups, all.ThingGroups},
		{"thing type", "AllowedThingTypes", []string{asked.ThingType}, a.ThingTypes, []string{all.ThingType}},
		{"billing group", "AllowedBillingGroups", []string{asked.BillingGroup}, a.BillingGroups, []string{all.BillingGroup}},
		{"attribute", "AllowedAttributes", attributes, a.Attributes, nil},
	} {
		for _, name := range kind.asked {
			if name != "" && !slices.Contains(kind.allowed, name) && !slices.Contains(kind.imports, name) {
				return manifest.Errorf(manifest.ReasonBadSettings, "%s %s is not in the stack's parameter %s", kind.name,
					manifest.Quote(name), kind.parameter)
			}
		}
	}
	if status := iot.Status(strings.ToUpper(asked.Status)); status == iot.StatusActive && imports.Status == iot.StatusInactive {
		return manifest.Errorf(manifest.ReasonBadSettings, "status ACTIVE: the stack's parameter CertificateStatus is INACTIVE")
	}
	return nil
}
