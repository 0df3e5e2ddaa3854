package engine

import (
	"github.com/thingpress/thingpress/manifest"
)

// What AWS IoT takes as an attribute (API reference, AttributePayload).
const (
	maxAttributeName  = 128
	maxAttributeValue = 800
)

// attributesOf fills the attributes from a device. Its errors carry
// [manifest.ReasonBadAttribute].
func (a Attachments) attributesOf(d *manifest.Device) (map[string]string, error) {
	if len(a.Attributes) == 0 {
		return nil, nil
	}
	values := make(map[string]string, len(a.Attributes))
	for _, attribute := range a.Attributes {
		value, err := attribute.Value.Expand(d)
		if err != nil {
			return nil, manifest.Errorf(manifest.ReasonBadAttribute, "attribute %s: %w", attribute.Name, err)
		}
		if value == "" || len(value) > maxAttributeValue || !attributeText(value, "_.,@/:#=[]-") {
			return nil, manifest.Errorf(manifest.ReasonBadAttribute,
				"attribute %s: value %s: AWS IoT takes 1 to %d of a-z A-Z 0-9 _ . , @ / : # = [ ] -",
				attribute.Name, manifest.Quote(value), maxAttributeValue)
		}
		values[attribute.Name] = value
	}
	return values, nil
}

func attributeText(text, punctuation string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		default:
			found := false
			for j := range len(punctuation) {
				found = found || c == punctuation[j]
			}
			if !found {
				return false
			}
		}
	}
	return true
}
