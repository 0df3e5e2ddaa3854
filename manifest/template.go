package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// TemplateFields returns the fields that a [Template] may name: {cn}, {id},
// {serial} (the certificate's serial number in hex), {fingerprint} (the
// certificate ID), {mac} and the other attributes of a [Device].
func TemplateFields() []string {
	return []string{
		"cn", "id", "serial", "fingerprint", "mac",
		AttributeChipID, AttributeReelID, AttributeBundle, AttributeUniqueID, AttributePartNumber, AttributeSlot,
	}
}

// A Template is text with fields in braces, such as "sensor-{mac}", which are
// filled from a device. The zero Template is "{cn}". Templates are immutable.
type Template struct {
	text  string
	parts []templatePart
}

type templatePart struct {
	literal string
	field   string // empty for literal text
}

// ParseTemplate parses text. Braces must enclose a field of [TemplateFields].
func ParseTemplate(text string) (Template, error) {
	t := Template{text: text}
	for rest := text; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			t.parts = append(t.parts, templatePart{literal: rest})
			break
		}
		if open > 0 {
			t.parts = append(t.parts, templatePart{literal: rest[:open]})
		}
		end := strings.IndexByte(rest[open:], '}')
		if rest[open] == '}' || end < 0 {
			return Template{}, fmt.Errorf("template %q: unmatched brace", text)
		}
		field := rest[open+1 : open+end]
		if !slices.Contains(TemplateFields(), field) {
			return Template{}, fmt.Errorf("template %q: no field {%s}; there are {%s}",
				text, field, strings.Join(TemplateFields(), "} {"))
		}
		t.parts = append(t.parts, templatePart{field: field})
		rest = rest[open+end+1:]
	}
	return t, nil
}

// String returns the parsed text; "{cn}" for the zero Template.
func (t Template) String() string {
	if t.text == "" {
		return "{cn}"
	}
	return t.text
}

// Expand fills the template from a device, whose certificate must be set. If the
// device lacks a field, the error has [ReasonNoName].
func (t Template) Expand(d *Device) (string, error) {
	if t.text == "" {
		return d.field("cn")
	}
	if len(t.parts) == 1 && t.parts[0].field != "" {
		return d.field(t.parts[0].field)
	}
	var b strings.Builder
	for _, part := range t.parts {
		if part.field == "" {
			b.WriteString(part.literal)
			continue
		}
		value, err := d.field(part.field)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

func (d *Device) field(name string) (string, error) {
	var value string
	switch name {
	case "cn":
		return CommonName(d.Certificate)
	case "id":
		value = d.ID
	case "serial":
		value = d.Certificate.SerialNumber.Text(16)
	case "fingerprint":
		value = d.CertificateID.String()
	default:
		value = d.Attributes[name]
	}
	if value == "" {
		return "", Errorf(ReasonNoName, "the entry has no %s to fill {%s} with", name, name)
	}
	return value, nil
}
