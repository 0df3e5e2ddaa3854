package device

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// Limits of AWS IoT on what one device may have (Service Quotas, AWS IoT Core;
// API reference, AttributePayload).
const (
	maxPolicies           = 10
	maxThingGroups        = 10
	maxAttributesUntyped  = 3
	maxAttributesWithType = 50
	maxAttributeName      = 128
	maxAttributeValue     = 800
)

// Attachments are what every device of an import gets, or one device.
type Attachments struct {
	// Policies are attached to the certificate.
	Policies []string
	// ThingGroups are the static groups that the thing is added to.
	ThingGroups []string
	// ThingType and BillingGroup of the thing; empty is none.
	ThingType    string
	BillingGroup string
	// Attributes of the thing, in the order in which the operator gave them.
	Attributes []Attribute
}

// An Attribute is one attribute of every thing. Its value is a template that the
// device fills.
type Attribute struct {
	Name  string
	Value manifest.Template
}

// ParseAttributes parses attributes of the form name=value, whose values are
// templates. No name may come twice.
func ParseAttributes(texts []string) ([]Attribute, error) {
	var list []Attribute
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not of the form name=value", text)
		}
		if slices.ContainsFunc(list, func(other Attribute) bool { return other.Name == name }) {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		template, err := manifest.ParseTemplate(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, Attribute{Name: name, Value: template})
	}
	return list, nil
}

// Wanted is the state to which a program brings devices.
type Wanted struct {
	Attachments Attachments
	// Status in which certificates are registered, ACTIVE or INACTIVE.
	Status iot.Status
	// Adopt takes over what exists: INACTIVE certificates get the wanted
	// status, things get the wanted type and attributes, and the certificate
	// is attached next to what is attached already. Adopt never detaches
	// anything, and never touches a certificate of another status.
	Adopt bool
	// Exclusive attaches certificates with EXCLUSIVE_THING.
	Exclusive bool
	// Rows is how what an entry asks for its device counts; see [Wanted.For].
	Rows Rows
}

// Thing returns the thing that a device is to become. Its errors carry
// [manifest.ReasonBadAttribute].
func (a Attachments) Thing(d *manifest.Device) (iot.Thing, error) {
	thing := iot.Thing{Name: d.ThingName, Type: a.ThingType, BillingGroup: a.BillingGroup}
	if len(a.Attributes) == 0 {
		return thing, nil
	}
	thing.Attributes = make(map[string]string, len(a.Attributes))
	for _, attribute := range a.Attributes {
		value, err := attribute.value(d)
		if err != nil {
			return thing, manifest.Errorf(manifest.ReasonBadAttribute, "attribute %s: %w", attribute.Name, err)
		}
		thing.Attributes[attribute.Name] = value
	}
	return thing, nil
}

// value returns the value for a device.
func (a Attribute) value(d *manifest.Device) (string, error) {
	value, err := a.Value.Expand(d)
	if err != nil {
		return "", err
	}
	return value, checkAttributeValue(value)
}

func checkAttributeValue(value string) error {
	if value == "" || len(value) > maxAttributeValue || !attributeText(value, "_.,@/:#=[]-") {
		return fmt.Errorf("value %s: AWS IoT takes 1 to %d of a-z A-Z 0-9 _ . , @ / : # = [ ] -", manifest.Quote(value), maxAttributeValue)
	}
	return nil
}

func attributeText(text, punctuation string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(punctuation, c)
	})
}
