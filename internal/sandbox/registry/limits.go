package registry

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/internal/sandbox/model"
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
	maxSearchableAttributes   = 3
	maxPropagatingAttributes  = 100 // AWS documents no limit; a thing has 50 attributes
)

// kind contains what error messages need to name a kind of resource.
type kind struct {
	shape, member string // names in the service model
	missing       string
}

var (
	thingKind   = kind{"ThingName", "thingName", "Thing %s does not exist"}
	typeKind    = kind{"ThingTypeName", "thingTypeName", "Thing type %s does not exist"}
	groupKind   = kind{"ThingGroupName", "thingGroupName", "Thing group %s does not exist"}
	billingKind = kind{"BillingGroupName", "billingGroupName", "Billing group %s does not exist"}
	policyKind  = kind{"PolicyName", "policyName", "Policy not found: %s"}
)

// checkName checks the name of a new resource. Requests are checked before they come here, but
// names in templates and on the command line are not.
func checkName(of kind, name string) error { return checkShape(of.shape, of.member, name) }

// checkShape checks a string at a member against a shape of the service model.
func checkShape(shape, member, value string) error {
	if err := model.IoT().Shapes[shape].Check(member, value); err != nil {
		return Invalid("%s", err.Error())
	}
	return nil
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
	return cmp.Or(checkShape("AttributeName", "attributePayload.attributes", name),
		checkShape("AttributeValue", "attributePayload.attributes", value))
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
