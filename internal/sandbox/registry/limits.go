package registry

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of AWS IoT Core, from the AWS IoT Core endpoints and quotas page, the
// service model (patterns, lengths) and the developer guide (attributes, groups).
const (
	maxPoliciesPerCertificate = 10
	maxPoliciesPerGroup       = 2
	maxGroupsPerThing         = 10
	maxGroupDepth             = 7
	maxGroupChildren          = 100
	maxAttributesUntyped      = 3
	maxAttributesTyped        = 50
	maxAttributeName          = 128
	maxAttributeValue         = 800
	maxName                   = 128
	maxDescription            = 2028
	maxSearchableAttributes   = 3
	maxPropagatingAttributes  = 100 // AWS documents no limit; a thing has 50 attributes
	maxPEM                    = 65_536
)

// pattern is a regular expression of the service model for strings of characters of one class.
type pattern struct {
	text    string
	matches [256]bool
}

func newPattern(text string) *pattern {
	p, class := &pattern{text: text}, regexp.MustCompile("^(?:"+text+")$")
	for b := range p.matches {
		p.matches[b] = b < utf8.RuneSelf && class.MatchString(string(rune(b)))
	}
	return p
}

// matchString reports whether all characters of s belong to the class.
func (p *pattern) matchString(s string) bool {
	for i := range len(s) {
		if !p.matches[s[i]] {
			return false
		}
	}
	return true
}

var (
	namePattern           = newPattern(`[a-zA-Z0-9:_-]+`)
	policyNamePattern     = newPattern(`[\w+=,.@-]+`)
	attributeNamePattern  = newPattern(`[a-zA-Z0-9_.,@/:#-]+`)
	attributeValuePattern = newPattern(`[a-zA-Z0-9_.,@/:#=\[\]-]*`)
	descriptionPattern    = newPattern(`[\x20-\x7e]*`)
)

// kind contains what error messages need to name a kind of resource.
type kind struct {
	member  string // name in the service model
	pattern *pattern
	missing string
}

var (
	thingKind   = kind{"thingName", namePattern, "Thing %s does not exist"}
	typeKind    = kind{"thingTypeName", namePattern, "Thing type %s does not exist"}
	groupKind   = kind{"thingGroupName", namePattern, "Thing group %s does not exist"}
	billingKind = kind{"billingGroupName", namePattern, "Billing group %s does not exist"}
	policyKind  = kind{"policyName", policyNamePattern, "Policy not found: %s"}
)

// checkName checks a name against the pattern in the service model. The message has AWS's form.
func checkName(of kind, name string) error {
	switch {
	case len(name) == 0:
		return failed(name, of.member, "Member must have length greater than or equal to 1")
	case len(name) > maxName:
		return failed(name, of.member, "Member must have length less than or equal to 128")
	case !of.pattern.matchString(name):
		return failed(name, of.member, "Member must satisfy regular expression pattern: "+of.pattern.text)
	}
	return nil
}

func failed(value, member, constraint string) error {
	return Invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", Shorten(value), member, constraint)
}

// Shorten truncates a value for a message, since the values of callers can be of any length.
func Shorten(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// An Attribute of a thing.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// AttributePayload is the member of this name of things and groups.
type AttributePayload struct {
	Attributes map[string]*string `json:"attributes"`
	Merge      bool               `json:"merge"`
}

// update returns the attributes after an update, sorted by name. An empty value removes an
// attribute.
func (p *AttributePayload) update(old []Attribute) ([]Attribute, error) {
	if p == nil || p.Attributes == nil {
		return old, nil
	}
	next := map[string]string{}
	if p.Merge {
		next = attributeMap(old)
	}
	for name, value := range p.Attributes {
		if value == nil {
			return nil, Invalid("Attribute %s has no value", name)
		}
		if err := checkAttribute(name, *value); err != nil {
			return nil, err
		}
		if delete(next, name); *value != "" {
			next[name] = *value
		}
	}
	all := make([]Attribute, 0, len(next))
	for name, value := range next {
		all = append(all, Attribute{name, value})
	}
	slices.SortFunc(all, byName)
	return all, nil
}

func byName(a, b Attribute) int { return strings.Compare(a.Name, b.Name) }

func attributeMap(attributes []Attribute) map[string]string {
	m := make(map[string]string, len(attributes))
	for _, a := range attributes {
		m[a.Name] = a.Value
	}
	return m
}

func checkAttribute(name, value string) error {
	switch {
	case name == "" || len(name) > maxAttributeName || !attributeNamePattern.matchString(name):
		return failed(name, "attributePayload.attributes",
			"Map keys must satisfy constraint: [Member must have length less than or equal to 128, "+
				"Member must satisfy regular expression pattern: "+attributeNamePattern.text+"]")
	case len(value) > maxAttributeValue || !attributeValuePattern.matchString(value):
		return failed(value, "attributePayload.attributes",
			"Map value must satisfy constraint: [Member must have length less than or equal to 800, "+
				"Member must satisfy regular expression pattern: "+attributeValuePattern.text+"]")
	}
	return nil
}

// checkAttributes checks the number of attributes of a thing, which depends on whether it has a
// type. The limit of 47 KB for all of them cannot be reached with 50 attributes.
func checkAttributes(all []Attribute, typed bool) error {
	most := maxAttributesUntyped
	if typed {
		most = maxAttributesTyped
	}
	if len(all) > most {
		return Invalid("Number of attributes %d exceeds the limit of %d", len(all), most)
	}
	return nil
}

func checkDescription(member, text string) error {
	if len(text) > maxDescription || !descriptionPattern.matchString(text) {
		return failed(text, member,
			`Member must have length less than or equal to 2028 and satisfy regular expression pattern: [\p{Graph}\x20]*`)
	}
	return nil
}

// document encodes values of this package, which cannot fail.
func document(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("registry: " + err.Error())
	}
	return string(b)
}

// Epoch is a time in milliseconds. AWS's JSON has it in seconds.
type Epoch int64

// MarshalJSON writes seconds with at most three decimals.
func (e Epoch) MarshalJSON() ([]byte, error) {
	b := strconv.AppendInt(nil, int64(e)/1000, 10)
	if ms := int64(e) % 1000; ms > 0 {
		b = append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return b, nil
}

// ByName are the parameters of an operation that only needs a name.
type ByName struct {
	Name string `json:"-" path:""`
}

// Deletion are the parameters of an operation that deletes a resource with a version.
type Deletion struct {
	ByName
	ExpectedVersion string `json:"-" query:"expectedVersion"`
}

// expects reports whether the caller expects a version, or none.
func (in *Deletion) expects(version int64) bool {
	return in.ExpectedVersion == "" || in.ExpectedVersion == strconv.FormatInt(version, 10)
}
