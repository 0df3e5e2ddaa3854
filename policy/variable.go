package policy

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Reason is why a policy variable is not substituted.
type Reason string

// The reasons. The text ${…} then stays in the document, and the resource or value that has it
// matches nothing (developer guide, "X.509 Certificate AWS IoT Core policy variables" and "Thing
// policy variables").
const (
	// ReasonMissing is a value that the certificate, the thing or the connection does not have.
	ReasonMissing Reason = "missing"
	// ReasonSpecial is a value of the certificate with one of the characters * $ + ? #.
	ReasonSpecial Reason = "special-character"
	// ReasonTooLong is a value of the certificate of more than [MaxValue] characters.
	ReasonTooLong Reason = "value-too-long"
	// ReasonBeyond is the sixth or a later value of a field of the certificate.
	ReasonBeyond Reason = "beyond-five-values"
	// ReasonNoThing is a variable of a thing and a connection that belongs to no thing. See
	// [Connection.Thing].
	ReasonNoThing Reason = "no-thing"
	// ReasonHTTP is a variable of a thing and a connection over HTTP.
	ReasonHTTP Reason = "http"
	// ReasonList is a variable with several values, which only a condition can have as its key.
	ReasonList Reason = "list"
	// ReasonUnknown is a variable that does not exist, such as ${iot:Thing.ThingName}.
	ReasonUnknown Reason = "unknown-variable"
)

// Limits of the values of a certificate.
const (
	// MaxValue is the maximum number of characters of a value.
	MaxValue = 1024
	// MaxValues is the number of values of a field that AWS keeps.
	MaxValues = 5
)

// specialCharacters are the characters that keep a value of a certificate from being substituted.
const specialCharacters = "*$+?#"

type variableKind byte

const (
	unknownVariable variableKind = iota
	clientIDVariable
	sourceIPVariable
	domainVariable
	thingNameVariable
	thingTypeVariable
	attributeVariable
	attachedVariable
	certificateIDVariable
	serialVariable
	nameVariable
	// The others are keys of conditions and no variables.
	availableKey
	connectAttributesKey
	willTopicKey
	currentTimeKey
	epochTimeKey
	secureTransportKey
	clientModeKey
)

// A variable is a policy variable or the key of a condition.
type variable struct {
	name      string // as it was written
	kind      variableKind
	attribute string // of attributeVariable
	issuer    bool   // of nameVariable, and the following
	field     Field
	index     int
	list      bool
}

// plainVariables are the variables and keys without parts, in lower case.
var plainVariables = map[string]variableKind{
	"iot:clientid":                       clientIDVariable,
	"aws:sourceip":                       sourceIPVariable,
	"iot:domainname":                     domainVariable,
	"iot:connection.thing.thingname":     thingNameVariable,
	"iot:connection.thing.thingtypename": thingTypeVariable,
	"iot:connection.thing.isattached":    attachedVariable,
	"iot:certificateid":                  certificateIDVariable,
	"iot:certificate.serialnumber":       serialVariable,
	"iot:certificate.availablekeys":      availableKey,
	"iot:connectattributes":              connectAttributesKey,
	"iot:lastwilltopic":                  willTopicKey,
	"aws:currenttime":                    currentTimeKey,
	"aws:epochtime":                      epochTimeKey,
	"aws:securetransport":                secureTransportKey,
	"iot:clientmode":                     clientModeKey,
}

// parseVariable reads the name of a variable or key. Case does not count except in the name of an
// attribute.
func parseVariable(name string) *variable {
	v := &variable{name: name}
	lower := strings.ToLower(name)
	if kind, ok := plainVariables[lower]; ok {
		v.kind = kind
		return v
	}
	const attributes = "iot:connection.thing.attributes["
	if strings.HasPrefix(lower, attributes) && strings.HasSuffix(name, "]") && len(name) == len(lower) {
		v.kind, v.attribute = attributeVariable, name[len(attributes):len(name)-1]
		return v
	}
	if after, ok := strings.CutPrefix(lower, "iot:certificate.subject."); ok {
		v.parseField(after)
	} else if after, ok := strings.CutPrefix(lower, "iot:certificate.issuer."); ok {
		v.issuer = true
		v.parseField(after)
	}
	return v
}

// parseField reads the field of a name, with its suffix: .List or an index. The values after the
// first one have the indexes 1, 2 and so on.
func (v *variable) parseField(text string) {
	for field, name := range fieldNames {
		suffix, ok := strings.CutPrefix(text, strings.ToLower(name))
		if !ok || suffix != "" && suffix[0] != '.' {
			continue
		}
		v.field = Field(field)
		if suffix == "" {
			v.kind = nameVariable
		} else if suffix == ".list" {
			v.kind, v.list = nameVariable, true
		} else if index, err := strconv.ParseUint(suffix[1:], 10, 16); err == nil {
			v.kind, v.index = nameVariable, int(index)
		}
		return
	}
}

// ofThing reports whether the value comes from the thing of the connection.
func (v *variable) ofThing() bool {
	return v.kind == thingNameVariable || v.kind == thingTypeVariable || v.kind == attributeVariable || v.kind == attachedVariable
}

// ofCertificate reports whether the value comes from the certificate.
func (v *variable) ofCertificate() bool {
	return v.kind == certificateIDVariable || v.kind == serialVariable || v.kind == nameVariable
}

// value returns the value of a variable, or the reason why it is not substituted.
func (v *variable) value(e *evaluation) (string, Reason) {
	c := e.connection
	switch v.kind {
	case clientIDVariable:
		return c.ClientID, ""
	case sourceIPVariable:
		if c.SourceIP.IsValid() {
			return c.SourceIP.String(), ""
		}
		return "", ReasonMissing
	case domainVariable:
		return present(c.DomainName)
	case thingNameVariable, thingTypeVariable, attributeVariable, attachedVariable:
		return v.thingValue(e)
	case certificateIDVariable, serialVariable, nameVariable:
		return v.certificateValue(c.Certificate)
	case availableKey, connectAttributesKey:
		return "", ReasonList
	default:
		return "", ReasonUnknown
	}
}

func present(value string) (string, Reason) {
	if value == "" {
		return "", ReasonMissing
	}
	return value, ""
}

func (v *variable) thingValue(e *evaluation) (string, Reason) {
	switch {
	case e.connection.Transport == HTTP:
		return "", ReasonHTTP
	case v.kind == attachedVariable:
		return strconv.FormatBool(e.thing != nil), ""
	case e.thing == nil:
		return "", ReasonNoThing
	case v.kind == thingNameVariable:
		return present(e.thing.Name)
	case v.kind == thingTypeVariable:
		return present(e.thing.Type)
	}
	return present(e.thing.Attributes[v.attribute])
}

func (v *variable) certificateValue(c *Certificate) (string, Reason) {
	switch {
	case c == nil:
		return "", ReasonMissing
	case v.kind == certificateIDVariable:
		return present(c.ID)
	case v.kind == serialVariable:
		return present(c.SerialNumber)
	case v.list:
		return "", ReasonList
	}
	values := v.values(c)
	switch {
	case v.index >= len(values) || values[v.index] == "":
		return "", ReasonMissing
	case v.index >= MaxValues:
		return "", ReasonBeyond
	}
	value := values[v.index]
	switch {
	case len(value) > MaxValue && utf8.RuneCountInString(value) > MaxValue:
		return "", ReasonTooLong
	case strings.ContainsAny(value, specialCharacters):
		return "", ReasonSpecial
	}
	return value, ""
}

// values returns all values of the field.
func (v *variable) values(c *Certificate) []string {
	if v.issuer {
		return c.Issuer[v.field]
	}
	return c.Subject[v.field]
}
