package sandbox

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
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
	maxPolicyDocument         = 2048 // characters that are not white space
	maxSearchableAttributes   = 3
	maxPage                   = 250
	maxPEM                    = 65_536
	maxBody                   = 1 << 20
)

var (
	namePattern           = regexp.MustCompile(`^[a-zA-Z0-9:_-]+$`)
	policyNamePattern     = regexp.MustCompile(`^[\w+=,.@-]+$`)
	attributeNamePattern  = regexp.MustCompile(`^[a-zA-Z0-9_.,@/:#-]+$`)
	attributeValuePattern = regexp.MustCompile(`^[a-zA-Z0-9_.,@/:#=\[\]-]*$`)
	descriptionPattern    = regexp.MustCompile(`^[\x20-\x7e]*$`)
)

// checkName holds a name against the pattern of its member in the service
// model. The message is the form that AWS gives such failures.
func checkName(member, name string, pattern *regexp.Regexp) error {
	switch {
	case len(name) == 0:
		return failed(name, member, "Member must have length greater than or equal to 1")
	case len(name) > maxName:
		return failed(name, member, "Member must have length less than or equal to 128")
	case !pattern.MatchString(name):
		return failed(name, member, "Member must satisfy regular expression pattern: "+strings.Trim(pattern.String(), "^$"))
	}
	return nil
}

func failed(value, member, constraint string) error {
	const most = 200 // a value without bound does not belong in a message
	if len(value) > most {
		value = value[:most] + "…"
	}
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}

// attributePayload is the member of this name of things and groups.
type attributePayload struct {
	Attributes map[string]*string `json:"attributes"`
	Merge      bool               `json:"merge"`
}

// update gives the attributes after an update. An empty value removes one.
func (p *attributePayload) update(old []attribute) ([]attribute, error) {
	if p == nil || p.Attributes == nil {
		return old, nil
	}
	next := map[string]string{}
	if p.Merge {
		for _, a := range old {
			next[a.name] = a.value
		}
	}
	for name, value := range p.Attributes {
		if value == nil {
			return nil, invalid("Attribute %s has no value", name)
		}
		if err := checkAttribute(name, *value); err != nil {
			return nil, err
		}
		if delete(next, name); *value != "" {
			next[name] = *value
		}
	}
	all := make([]attribute, 0, len(next))
	for name, value := range next {
		all = append(all, attribute{name, value})
	}
	slices.SortFunc(all, func(a, b attribute) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func checkAttribute(name, value string) error {
	switch {
	case name == "" || len(name) > maxAttributeName || !attributeNamePattern.MatchString(name):
		return failed(name, "attributePayload.attributes", "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must satisfy regular expression pattern: [a-zA-Z0-9_.,@/:#-]+]")
	case len(value) > maxAttributeValue || !attributeValuePattern.MatchString(value):
		return failed(value, "attributePayload.attributes", `Map value must satisfy constraint: [Member must have length less than or equal to 800, Member must satisfy regular expression pattern: [a-zA-Z0-9_.,@/:#=\[\]-]*]`)
	}
	return nil
}

// checkAttributes holds the attributes of a thing against what it may have with
// or without a type. The limit of 47 KB on all of them together is out of reach
// of 50 attributes at their longest.
func checkAttributes(all []attribute, typed bool) error {
	most := maxAttributesUntyped
	if typed {
		most = maxAttributesTyped
	}
	if len(all) > most {
		return invalid("Number of attributes %d exceeds the limit of %d", len(all), most)
	}
	return nil
}

func checkDescription(member, text string) error {
	if len(text) > maxDescription || !descriptionPattern.MatchString(text) {
		return failed(text, member, `Member must have length less than or equal to 2028 and satisfy regular expression pattern: [\p{Graph}\x20]*`)
	}
	return nil
}

// checkDocument takes what can be a policy: a JSON object with statements.
func checkDocument(document string) error {
	malformed := func(format string, args ...any) error {
		return refuse(400, "MalformedPolicyException", format, args...)
	}
	var body struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &body); err != nil {
		return malformed("Policy document is Malformed: not a JSON object")
	}
	if len(body.Statement) == 0 || body.Statement[0] != '[' && body.Statement[0] != '{' {
		return malformed("Policy document is Malformed: it has no Statement")
	}
	switch body.Version {
	case "2012-10-17", "2008-10-17", "":
	default:
		return malformed("Policy document is Malformed: Version %q", body.Version)
	}
	size := 0
	for _, r := range document {
		if !strings.ContainsRune(" \t\r\n", r) {
			size++
		}
	}
	if size > maxPolicyDocument {
		return malformed("Policy document is Malformed: %d characters without white space, and the limit is %d", size, maxPolicyDocument)
	}
	return nil
}
