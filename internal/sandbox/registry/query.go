package registry

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxQuery is the limit of AWS for the length of a query, in characters.
const maxQuery = 1000

// fields returns the values of a field of a thing. The empty name stands for all fields.
type fields func(name string) []string

// A query reports whether a thing matches.
type query func(fields) bool

// parseQuery parses the query syntax of fleet indexing, which the developer guide describes: terms and phrases, field:value with the
// wildcards * and ?, comparisons and ranges, AND, OR, NOT, - and parentheses. Terms next to each other are joined by AND.
func parseQuery(text string) (query, error) {
	if n := utf8.RuneCountInString(text); n > maxQuery {
		return nil, invalidQuery("it has %d characters, and the limit is %d", n, maxQuery)
	}
	p := queryParser{rest: text}
	q, err := p.alternatives()
	if err == nil && p.next() != "" {
		err = invalidQuery("unexpected %q", p.next())
	}
	return q, err
}

func invalidQuery(format string, args ...any) error {
	return Refuse(http.StatusBadRequest, "InvalidQueryException", "Invalid query: "+format, args...)
}

type queryParser struct{ rest string }

// next returns the next token without consuming it: a parenthesis, an operator, or a word up to a space or parenthesis that is neither
// escaped, in quotes nor in brackets. It is empty at the end.
func (p *queryParser) next() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return ""
	}
	if strings.ContainsRune("()-", rune(p.rest[0])) {
		return p.rest[:1]
	}
	inside := byte(0) // what ends the current phrase or range
	for i := 0; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == '\\':
			i++
		case inside != 0:
			if c == inside || inside == ']' && c == '}' {
				inside = 0
			}
		case c == '"':
			inside = '"'
		case c == '[' || c == '{':
			inside = ']'
		case strings.IndexByte(" \t\r\n()", c) >= 0:
			return p.rest[:i]
		}
	}
	return p.rest
}

func (p *queryParser) skip(token string) { p.rest = p.rest[len(token):] }

func (p *queryParser) alternatives() (query, error) {
	one, err := p.conjunction()
	for err == nil && p.next() == "OR" {
		p.skip("OR")
		var other query
		if other, err = p.conjunction(); err == nil {
			one = either(one, other)
		}
	}
	return one, err
}

func either(a, b query) query { return func(f fields) bool { return a(f) || b(f) } }

func both(a, b query) query { return func(f fields) bool { return a(f) && b(f) } }

func (p *queryParser) conjunction() (query, error) {
	one, err := p.negation()
	for err == nil {
		switch token := p.next(); token {
		case "", ")", "OR":
			return one, nil
		case "AND":
			p.skip(token)
		}
		var other query
		if other, err = p.negation(); err == nil {
			one = both(one, other)
		}
	}
	return one, err
}

func (p *queryParser) negation() (query, error) {
	token := p.next()
	if token != "NOT" && token != "-" {
		return p.operand()
	}
	p.skip(token)
	q, err := p.negation()
	return func(f fields) bool { return !q(f) }, err
}

func (p *queryParser) operand() (query, error) {
	token := p.next()
	switch token {
	case "", "AND", "OR", ")":
		return nil, invalidQuery("a term is missing")
	case "(":
		return p.group("")
	}
	p.skip(token)
	field, operator, value := splitTerm(token)
	if operator == ":" && value == "" && p.next() == "(" {
		return p.group(unescape(field))
	}
	if operator != "" && (field == "" || value == "") {
		return nil, invalidQuery("%q lacks a field or a value", Shorten(token))
	}
	return condition(unescape(field), operator, value)
}

// group parses parentheses. After field: they contain values of that field.
func (p *queryParser) group(field string) (query, error) {
	p.skip("(")
	q, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if p.next() != ")" {
		return nil, invalidQuery("a parenthesis is not closed")
	}
	p.skip(")")
	if field == "" {
		return q, nil
	}
	return func(f fields) bool { return q(func(string) []string { return f(field) }) }, nil
}

// splitTerm splits a token at its first operator that is neither escaped nor in quotes.
func splitTerm(token string) (field, operator, value string) {
	quoted := false
	for i := 0; i < len(token); i++ {
		switch c := token[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(":<>", c) >= 0:
			operator = token[i : i+1]
			rest := token[i+1:]
			if c == ':' && rest != "" && (rest[0] == '<' || rest[0] == '>') {
				operator, rest = rest[:1], rest[1:]
			}
			if operator != ":" && strings.HasPrefix(rest, "=") {
				operator, rest = operator+"=", rest[1:]
			}
			return token[:i], operator, rest
		}
	}
	return "", "", token
}

func condition(field, operator, value string) (query, error) {
	for _, absent := range []string{"shadow.", "deviceDefender."} {
		if strings.HasPrefix(field, absent) {
			return nil, invalidQuery("%s is not indexed", Shorten(field))
		}
	}
	if operator != "" && operator != ":" {
		return anyValue(field, func(v string) bool { return compares(v, operator, unescape(value)) }), nil
	}
	if value[0] == '[' || value[0] == '{' {
		return interval(field, value)
	}
	if value[0] == '"' {
		if len(value) < 2 || value[len(value)-1] != '"' {
			return nil, invalidQuery("a quotation mark is not closed")
		}
		phrase := unescape(value[1 : len(value)-1])
		return anyValue(field, func(v string) bool { return v == phrase }), nil
	}
	if value == "*" && field == "" {
		return func(fields) bool { return true }, nil
	}
	if value != "*" && (value[0] == '*' || value[0] == '?') {
		return nil, invalidQuery("%q begins with a wildcard", Shorten(value))
	}
	return anyValue(field, func(v string) bool { return matchesWildcard(value, v) }), nil
}

// anyValue is a query for things with at least one value of a field that fits.
func anyValue(field string, fits func(string) bool) query {
	return func(f fields) bool { return slices.ContainsFunc(f(field), fits) }
}

func compares(value, operator, with string) bool {
	order := compareValues(value, with)
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// compareValues compares as numbers if both values are numbers.
func compareValues(a, b string) int {
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err != nil || err2 != nil {
		return strings.Compare(a, b)
	}
	return cmp.Compare(x, y)
}

// interval parses [low TO high], in which { and } exclude the ends.
func interval(field, value string) (query, error) {
	low, high, ok := strings.Cut(strings.Trim(value, "[]{}"), " TO ")
	end := value[len(value)-1]
	if low, high = strings.TrimSpace(low), strings.TrimSpace(high); !ok || low == "" || high == "" || end != ']' && end != '}' {
		return nil, invalidQuery("%q is not a range such as [24 TO 26]", Shorten(value))
	}
	above, below := ">=", "<="
	if value[0] == '{' {
		above = ">"
	}
	if end == '}' {
		below = "<"
	}
	return anyValue(field, func(v string) bool {
		return (low == "*" || compares(v, above, unescape(low))) && (high == "*" || compares(v, below, unescape(high)))
	}), nil
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// matchesWildcard reports whether a value matches a pattern in which * stands for any characters and ? for one.
func matchesWildcard(pattern, value string) bool {
	star, from := -1, 0 // where to go on after a mismatch
	p, v := 0, 0
	for v < len(value) {
		literal := p < len(pattern) && pattern[p] == '\\' && p+1 < len(pattern)
		switch {
		case literal && pattern[p+1] == value[v]:
			p, v = p+2, v+1
		case !literal && p < len(pattern) && pattern[p] == '*':
			star, from = p, v
			p++
		case !literal && p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p, v = p+1, v+1
		case star >= 0:
			from++
			p, v = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
