package device

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// maxName is the number of characters that AWS IoT takes in the name of a policy, thing type, thing
// group or billing group (API reference, policyName, thingTypeName, thingGroupName,
// billingGroupName).
const maxName = 128

// Faults returns the faults of attachments that no call is needed to find: limits of AWS IoT, and
// names and constant values of attributes that it refuses.
func (a Attachments) Faults() []Finding {
	var list []Finding
	find := func(code FindingCode, kind, name, problem string, args ...any) {
		list = append(list, Finding{code, kind, name, fmt.Sprintf(problem, args...)})
	}
	if n := len(a.Policies); n > maxPolicies {
		find(FindingTooMany, "policy", "", "%d policies, AWS IoT attaches %d to a certificate", n, maxPolicies)
	}
	if n := len(a.ThingGroups); n > maxThingGroups {
		find(FindingTooMany, "thing group", "", "%d thing groups, AWS IoT lets a thing be in %d", n, maxThingGroups)
	}
	most := maxAttributesWithType
	if a.ThingType == "" {
		most = maxAttributesUntyped
	}
	if n := len(a.Attributes); n > most {
		find(FindingTooMany, "attribute", "", "%d attributes, AWS IoT takes %d of a thing with a type and %d of one without",
			n, maxAttributesWithType, maxAttributesUntyped)
	}
	checkNames := func(kind, punctuation string, names ...string) {
		for _, name := range names {
			if len(name) > maxName || !attributeText(name, punctuation) {
				find(FindingBadName, kind, name, "AWS IoT takes names of 1 to %d of a-z A-Z 0-9 %s", maxName, spaced(punctuation))
			}
		}
	}
	checkNames("policy", "_+=,.@-", a.Policies...)
	checkNames("thing group", ":_-", a.ThingGroups...)
	checkNames("thing type", ":_-", a.ThingType)
	checkNames("billing group", ":_-", a.BillingGroup)
	for _, attribute := range a.Attributes {
		if attribute.Name == "" || len(attribute.Name) > maxAttributeName || !attributeText(attribute.Name, "_.,@/:#-") {
			find(FindingBadName, "attribute", attribute.Name, "AWS IoT takes names of 1 to %d of a-z A-Z 0-9 %s", maxAttributeName,
				spaced("_.,@/:#-"))
		}
		if !attribute.Value.UsesColumns() && !slices.ContainsFunc(manifest.TemplateFields(), attribute.Value.Uses) {
			if _, err := attribute.value(&manifest.Device{}); err != nil {
				find(FindingBadValue, "attribute", attribute.Name, "%v", err)
			}
		}
	}
	return list
}

func spaced(punctuation string) string { return strings.Join(strings.Split(punctuation, ""), " ") }
