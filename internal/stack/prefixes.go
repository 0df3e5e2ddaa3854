package stack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/device"
)

// SettingsKey is the key of the settings file in the settings bucket.
const SettingsKey = "settings.json"

// MaxSettings is the maximum size of a settings file in bytes.
const MaxSettings = 256 << 10

// maxPrefixes is the maximum number of prefixes in a settings file.
const maxPrefixes = 1000

// A Prefixes is a settings file: what devices get whose manifest has a key with one of
// these prefixes.
type Prefixes struct {
	byPrefix map[string]prefixSettings
}

// prefixSettings replace what the stack's parameters say. A missing field keeps it; an empty
// one stands for none.
type prefixSettings struct {
	Policies     *[]string          `json:"policies"`
	ThingGroups  *[]string          `json:"thing_groups"`
	ThingType    *string            `json:"thing_type"`
	BillingGroup *string            `json:"billing_group"`
	Attributes   *map[string]string `json:"attributes"`
}

// ParsePrefixes parses a settings file. The error names the first thing that is wrong with it: a
// name that bounds and attachments do not have, an attribute that is not a template, an unknown or a
// repeated field.
func ParsePrefixes(file []byte, p *Parameters) (Prefixes, error) {
	var read struct {
		Prefixes map[string]prefixSettings `json:"prefixes"`
	}
	if err := decodeStrictly(file, &read); err != nil {
		return Prefixes{}, err
	}
	if len(read.Prefixes) > maxPrefixes {
		return Prefixes{}, fmt.Errorf("%d prefixes; the limit is %d", len(read.Prefixes), maxPrefixes)
	}
	for _, prefix := range slices.Sorted(maps.Keys(read.Prefixes)) {
		s := read.Prefixes[prefix]
		if prefix == "" {
			return Prefixes{}, errors.New("a prefix is empty; the parameters of the stack are for every other manifest")
		}
		if err := s.verify(p); err != nil {
			return Prefixes{}, fmt.Errorf("prefix %q: %w", prefix, err)
		}
	}
	return Prefixes{read.Prefixes}, nil
}

// verify returns an error if the settings use a name that they may not.
func (s *prefixSettings) verify(p *Parameters) error {
	for _, names := range []struct {
		field, parameter string
		asked            []string
		allowed          [][]string
	}{
		{"policies", "SettingsPolicies", deref(s.Policies), [][]string{p.Attachments.Policies, p.Bounds.Policies}},
		{"thing_groups", "SettingsThingGroups", deref(s.ThingGroups), [][]string{p.Attachments.ThingGroups, p.Bounds.ThingGroups}},
		{"thing_type", "SettingsThingTypes", one(s.ThingType), [][]string{{p.Attachments.ThingType}, p.Bounds.ThingTypes}},
		{"billing_group", "SettingsBillingGroups", one(s.BillingGroup), [][]string{{p.Attachments.BillingGroup}, p.Bounds.BillingGroups}},
	} {
		allowed := slices.Concat(names.allowed...)
		for i, name := range names.asked {
			switch {
			case name == "":
				return fmt.Errorf("%s has an empty name", names.field)
			case slices.Contains(names.asked[:i], name):
				return fmt.Errorf("%s has %q twice", names.field, name)
			case !slices.Contains(allowed, name):
				return fmt.Errorf("%s: %q is not in the stack's parameter %s", names.field, name, names.parameter)
			}
		}
	}
	_, err := device.ParseAttributes(s.attributes())
	if err != nil {
		return fmt.Errorf("attributes: %w", err)
	}
	return nil
}

func deref(names *[]string) []string {
	if names == nil {
		return nil
	}
	return *names
}

func one(name *string) []string {
	if name == nil || *name == "" {
		return nil
	}
	return []string{*name}
}

// attributes returns the attributes in the form of [device.ParseAttributes], by name.
func (s *prefixSettings) attributes() (texts []string) {
	if s.Attributes == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(*s.Attributes)) {
		texts = append(texts, name+"="+(*s.Attributes)[name])
	}
	return texts
}

// Attachments returns what devices get whose manifest has this key, and the prefix that
// decides it: the longest that the key has, "" if it has none.
func (p *Prefixes) Attachments(key string, otherwise device.Attachments) (attachments device.Attachments, prefix string, err error) {
	for candidate := range p.byPrefix {
		if strings.HasPrefix(key, candidate) && len(candidate) > len(prefix) {
			prefix = candidate
		}
	}
	attachments = otherwise
	s, ok := p.byPrefix[prefix]
	if !ok {
		return attachments, "", nil
	}
	if s.Policies != nil {
		attachments.Policies = *s.Policies
	}
	if s.ThingGroups != nil {
		attachments.ThingGroups = *s.ThingGroups
	}
	if s.ThingType != nil {
		attachments.ThingType = *s.ThingType
	}
	if s.BillingGroup != nil {
		attachments.BillingGroup = *s.BillingGroup
	}
	if s.Attributes != nil {
		attachments.Attributes, err = device.ParseAttributes(s.attributes())
	}
	return attachments, prefix, err
}

// decodeStrictly decodes one JSON value. A file that sets something twice, or sets something that does not
// exist, does not do what its author believes.
func decodeStrictly(file []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after the end of the JSON object")
	}
	return refuseRepetitions(json.NewDecoder(bytes.NewReader(file)))
}

// refuseRepetitions reads one value that is known to be valid JSON, and returns an error for a name that
// an object has twice.
func refuseRepetitions(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	opening, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if opening == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			text, _ := name.(string) // a name is nothing else
			if seen[text] {
				return fmt.Errorf("%q is set twice", text)
			}
			seen[text] = true
		}
		if err := refuseRepetitions(d); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
