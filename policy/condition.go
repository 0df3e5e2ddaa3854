package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A condition is a compiled [Condition].
type condition struct {
	operator string // without the negation
	known    bool   // the operator exists
	negated  bool
	set      Quantifier
	ifExists bool
	key      *variable
	values   []comparand
}

// A comparand is a value of a condition, ready to be compared.
type comparand struct {
	pattern pattern
	parts   []pattern // of an ARN
	number  float64
	prefix  netip.Prefix
	truth   bool
	ok      bool // number, prefix or truth is set
}

// positives are the operators by which the negated ones are defined.
var positives = map[string]string{
	"StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase", "StringNotLike": "StringLike",
	"NumericNotEquals": "NumericEquals", "DateNotEquals": "DateEquals", "NotIpAddress": "IpAddress",
	"ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike",
}

func compileCondition(from *Condition, variables bool) condition {
	c := condition{operator: from.Operator, set: from.Set, ifExists: from.IfExists, key: parseVariable(from.Key)}
	if positive, ok := positives[from.Operator]; ok {
		c.operator, c.negated = positive, true
	}
	c.known = slices.Contains(operators, c.operator)
	for _, text := range from.Values {
		if c.key.ofCertificate() {
			text = unescape(text)
		}
		c.values = append(c.values, c.comparand(text, variables))
	}
	return c
}

func (c *condition) comparand(text string, variables bool) (v comparand) {
	v.pattern = compilePattern(text, syntax{wildcards: c.operator == "StringLike", variables: variables})
	switch {
	case strings.HasPrefix(c.operator, "Arn"):
		for _, part := range splitARN(text) {
			v.parts = append(v.parts, compilePattern(part, syntax{wildcards: true, variables: variables}))
		}
	case strings.HasPrefix(c.operator, "Numeric"):
		v.number, v.ok = parseNumber(text)
	case strings.HasPrefix(c.operator, "Date"):
		v.number, v.ok = parseTime(text)
	case c.operator == "IpAddress":
		v.prefix, v.ok = parsePrefix(text)
	case c.operator == "Bool", c.operator == "Null":
		v.truth, v.ok = strings.EqualFold(text, "true"), strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
	}
	return v
}

// holds reports whether a condition is true (IAM user guide, "IAM JSON policy elements: Condition
// operators" and "Single-valued vs. multivalued context keys").
func (c *condition) holds(e *evaluation) bool {
	if !c.known {
		return false
	}
	var one [1]string // for most keys, without an allocation
	values := c.key.keyValues(e, one[:0])
	if c.operator == "Null" {
		return slices.ContainsFunc(c.values, func(v comparand) bool { return v.ok && v.truth == (len(values) == 0) })
	}
	fits := func(value string) bool { return c.fits(value, e) != c.negated }
	switch {
	case len(values) == 0:
		return c.ifExists || c.set == ForAllValues || c.set == "" && c.negated
	case c.set == ForAllValues, c.set == "" && c.negated:
		return !slices.ContainsFunc(values, func(value string) bool { return !fits(value) })
	default:
		return slices.ContainsFunc(values, fits)
	}
}

// fits reports whether a value of the request fits one of the values of the document.
func (c *condition) fits(value string, e *evaluation) bool {
	for i := range c.values {
		if c.compare(value, &c.values[i], e) {
			return true
		}
	}
	return false
}

func (c *condition) compare(value string, v *comparand, e *evaluation) bool {
	switch c.operator {
	case "StringEquals", "StringLike", "BinaryEquals":
		return v.pattern.matches(value, e)
	case "StringEqualsIgnoreCase":
		text, ok := v.pattern.expand(e)
		return ok && strings.EqualFold(text, value)
	case "ArnEquals", "ArnLike":
		return v.isARN(value, e)
	case "Bool":
		return v.ok && strings.EqualFold(value, strconv.FormatBool(v.truth))
	case "IpAddress":
		address, err := netip.ParseAddr(value)
		return err == nil && v.ok && v.prefix.Contains(address.Unmap())
	}
	number, ok := parseNumber(value)
	if strings.HasPrefix(c.operator, "Date") {
		number, ok = parseTime(value)
	}
	return ok && v.ok && ordered(c.operator, number, v.number)
}

// isARN compares an ARN part by part; a wildcard does not cross the colon between two of the first
// six parts.
func (v *comparand) isARN(value string, e *evaluation) bool {
	parts := splitARN(value)
	if len(parts) != len(v.parts) {
		return false
	}
	for i, part := range parts {
		if !v.parts[i].matches(part, e) {
			return false
		}
	}
	return true
}

// ordered reports whether two numbers are as a numeric or date operator wants them.
func ordered(operator string, a, b float64) bool {
	switch strings.TrimPrefix(strings.TrimPrefix(operator, "Numeric"), "Date") {
	case "Equals":
		return a == b
	case "LessThan":
		return a < b
	case "LessThanEquals":
		return a <= b
	case "GreaterThan":
		return a > b
	default: // GreaterThanEquals
		return a >= b
	}
}

// keyValues returns the values that the request has for a key. A single one is appended to room.
func (v *variable) keyValues(e *evaluation, room []string) []string {
	c := e.connection
	switch v.kind {
	case connectAttributesKey:
		return e.connectAttributes()
	case willTopicKey:
		if e.isConnect() && c.Will != "" {
			return []string{string(c.Target.appendARN(nil, "topic/"+c.Will))}
		}
	case currentTimeKey:
		if !c.Time.IsZero() {
			return []string{c.Time.UTC().Format(time.RFC3339)}
		}
	case epochTimeKey:
		if !c.Time.IsZero() {
			return []string{strconv.FormatInt(c.Time.Unix(), 10)}
		}
	case secureTransportKey:
		return []string{"true"} // AWS IoT has no other
	case availableKey:
		if c.Certificate != nil {
			return c.Certificate.availableKeys()
		}
	case nameVariable:
		return v.fieldValues(c.Certificate)
	default:
		if value, reason := v.value(e); reason == "" {
			return append(room, value)
		}
	}
	return nil
}

// fieldValues returns the values of a field of a certificate for a condition. They may have the
// characters that keep a value from being substituted; see [QuestionSpecialKey].
func (v *variable) fieldValues(c *Certificate) (kept []string) {
	if c == nil {
		return nil
	}
	for i, value := range v.values(c) {
		if i < MaxValues && (v.list || i == v.index) && value != "" && len([]rune(value)) <= MaxValue {
			kept = append(kept, value)
		}
	}
	return kept
}

// connectAttributes returns the values of iot:ConnectAttributes (developer guide, "Connect policy
// examples").
func (e *evaluation) connectAttributes() (attributes []string) {
	if !e.isConnect() {
		return nil
	}
	if e.connection.Persistent {
		attributes = append(attributes, "PersistentConnect")
	}
	if e.connection.Will != "" {
		attributes = append(attributes, "LastWill")
	}
	return attributes
}

// splitARN returns the six parts of an ARN, or fewer if there are fewer. A colon in a variable
// ends no part.
func splitARN(text string) (parts []string) {
	const most = 6
	start := 0
	for i := 0; i < len(text) && len(parts) < most-1; i++ {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			i += max(strings.IndexByte(text[i:], '}'), 0)
		case text[i] == ':':
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

func parseNumber(text string) (float64, bool) {
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil
}

// parseTime reads a date of ISO 8601 or the seconds of Unix time.
func parseTime(text string) (float64, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return float64(t.UnixMilli()) / 1000, true
		}
	}
	return parseNumber(text)
}

// parsePrefix reads an address or a range of addresses.
func parsePrefix(text string) (netip.Prefix, bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix, true
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), true
}
