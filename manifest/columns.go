package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Columns says what the columns of a table hold. The zero value says nothing. Columns are
// immutable.
type Columns struct {
	uses []ColumnUse
}

// A ColumnUse is one use of a column of a table.
type ColumnUse struct {
	// Use is one of [ColumnUses].
	Use string
	// Attribute is the name of the thing's attribute, if Use is [UseAttribute].
	Attribute string
	// Refs name the column. The first that the table has counts.
	Refs []ColumnRef
	// Optional is set if the table need not have the column.
	Optional bool
}

// A ColumnRef names a column: by its header, or by its number from 1 if Header is "".
type ColumnRef struct {
	Header string
	Number int
}

// Uses of columns.
const (
	UseCert      = "cert"      // the device's certificate; each table has one such column
	UseName      = "name"      // the name of the thing
	UseID        = "id"        // the vendor's identity of the device
	UseCheck     = "check"     // must equal the certificate's CN
	UseAttribute = "attribute" // an attribute of the thing, written attribute.NAME
	UseGroup     = "group"     // names of thing groups
	UseType      = "type"      // the name of the thing type
	UsePolicy    = "policy"    // names of policies
	UseBilling   = "billing"   // the name of the billing group
	UseStatus    = "status"    // the status of the certificate
	UseSecret    = "secret"    // a secret of the device, which is never passed on
)

// ColumnUses returns all uses of columns.
func ColumnUses() []string {
	return []string{
		UseCert, UseName, UseID, UseCheck, UseAttribute, UseGroup, UseType, UsePolicy, UseBilling, UseStatus, UseSecret,
	}
}

// repeatable reports whether several columns may have a use.
func repeatable(use string) bool { return use == UseGroup || use == UsePolicy || use == UseSecret }

// maxColumnNumber is the largest number of a column.
const maxColumnNumber = 1000

// ParseColumns parses uses of columns, separated by commas, such as
// cert=certificate,check=CN,attribute.mac=MAC,group=line?. A column is given by its header
// or its number from 1. Case and blanks do not matter. A header with commas, bars, a final
// question mark or only digits needs double quotes. Between bars stand other headers, of
// which the first that a table has counts. A question mark at the end lets the table lack
// the column. The columns of groups, policies and secrets may occur several times.
func ParseColumns(text string) (Columns, error) {
	var c Columns
	if strings.TrimSpace(text) == "" {
		return c, nil
	}
	for rest := text; ; {
		key, after, ok := strings.Cut(rest, "=")
		if !ok || strings.Contains(key, ",") {
			return Columns{}, fmt.Errorf("%s is not of the form USE=COLUMN", Quote(strings.TrimSpace(strings.SplitN(rest, ",", 2)[0])))
		}
		use, err := parseUse(strings.TrimSpace(key))
		if err != nil {
			return Columns{}, err
		}
		if rest, err = use.parseRefs(after); err != nil {
			return Columns{}, fmt.Errorf("%s: %w", strings.TrimSpace(key), err)
		}
		if err := c.add(use); err != nil {
			return Columns{}, err
		}
		if rest == "" {
			return c, nil
		}
		rest = rest[1:]
	}
}

func parseUse(key string) (ColumnUse, error) {
	use, attribute, dotted := strings.Cut(key, ".")
	use = strings.ToLower(use)
	switch {
	case !slices.Contains(ColumnUses(), use) || dotted && use != UseAttribute:
		return ColumnUse{}, fmt.Errorf("no use %s of a column; there are %s.NAME and %s", Quote(key), UseAttribute,
			strings.Join(slices.DeleteFunc(ColumnUses(), func(u string) bool { return u == UseAttribute }), ", "))
	case use == UseAttribute && attribute == "":
		return ColumnUse{}, fmt.Errorf("write %s.NAME=COLUMN with the name of the attribute", UseAttribute)
	}
	return ColumnUse{Use: use, Attribute: attribute}, nil
}

// parseRefs parses the columns of a use. rest is empty or begins with the comma after them.
func (u *ColumnUse) parseRefs(text string) (rest string, err error) {
	for {
		var ref ColumnRef
		if ref, text, err = parseRef(text); err != nil {
			return "", err
		}
		if !u.suits(ref) {
			return "", Errorf(ReasonSecretColumn, "column %s holds a secret, which nothing may use", Quote(ref.Header))
		}
		u.Refs = append(u.Refs, ref)
		if after, ok := strings.CutPrefix(text, "?"); ok {
			u.Optional, text = true, strings.TrimLeft(after, " ")
			if text != "" && text[0] != ',' {
				return "", errors.New("a question mark stands after the last column")
			}
		}
		if text == "" || text[0] == ',' {
			return text, nil
		}
		text = text[1:]
	}
}

// suits reports whether a column may have the use, as far as its header tells.
func (u *ColumnUse) suits(ref ColumnRef) bool {
	return u.Use == UseCert || u.Use == UseSecret || !SecretColumn(ref.Header)
}

// parseRef parses one column. rest is empty or begins with a comma, a bar or the question
// mark at the end.
func parseRef(text string) (ref ColumnRef, rest string, err error) {
	text = strings.TrimLeft(text, " ")
	if quoted, ok := strings.CutPrefix(text, `"`); ok {
		for {
			part, after, ok := strings.Cut(quoted, `"`)
			if !ok {
				return ref, "", errors.New("a quote is not closed")
			}
			ref.Header += part
			if quoted, ok = strings.CutPrefix(after, `"`); !ok {
				rest = strings.TrimLeft(after, " ")
				break
			}
			ref.Header += `"`
		}
		switch {
		case ColumnKey(ref.Header) == "":
			return ref, "", errNoColumn
		case rest != "" && !strings.ContainsAny(rest[:1], ",|?"):
			return ref, "", errors.New("text after a closing quote")
		}
		return ref, rest, nil
	}
	end := strings.IndexAny(text, ",|")
	if end < 0 {
		end = len(text)
	}
	name := strings.TrimSpace(text[:end])
	rest = text[end:]
	if before, ok := strings.CutSuffix(name, "?"); ok {
		name, rest = strings.TrimSpace(before), "?"+rest
	}
	if ColumnKey(name) == "" {
		return ref, "", errNoColumn
	}
	if strings.Trim(name, "0123456789") == "" {
		ref.Number, err = strconv.Atoi(name)
		if err != nil || ref.Number == 0 || ref.Number > maxColumnNumber {
			return ref, "", fmt.Errorf("columns have the numbers 1 to %d", maxColumnNumber)
		}
		return ref, rest, nil
	}
	ref.Header = name
	return ref, rest, nil
}

var errNoColumn = errors.New("no column is named")

func (c *Columns) add(u ColumnUse) error {
	for _, other := range c.uses {
		if other.Use == u.Use && other.Attribute == u.Attribute && !repeatable(u.Use) {
			return fmt.Errorf("%s is given twice", u.key())
		}
	}
	c.uses = append(slices.Clone(c.uses), u)
	return nil
}

// Uses returns the uses in their order.
func (c Columns) Uses() []ColumnUse { return slices.Clone(c.uses) }

// IsZero reports whether c says nothing.
func (c Columns) IsZero() bool { return len(c.uses) == 0 }

// Has reports whether a column has a use.
func (c Columns) Has(use string) bool {
	return slices.ContainsFunc(c.uses, func(u ColumnUse) bool { return u.Use == use })
}

// ByNumber reports whether all columns are given by numbers only, so that a table needs no header.
func (c Columns) ByNumber() bool {
	for _, u := range c.uses {
		if slices.ContainsFunc(u.Refs, func(r ColumnRef) bool { return r.Header != "" }) {
			return false
		}
	}
	return len(c.uses) > 0
}

// With returns the uses of c and of over. Those of over replace the same ones of c.
func (c Columns) With(over Columns) Columns {
	merged := Columns{}
	for _, u := range c.uses {
		if !slices.ContainsFunc(over.uses, func(o ColumnUse) bool { return o.key() == u.key() && u.Use != UseSecret }) {
			merged.uses = append(merged.uses, u)
		}
	}
	merged.uses = append(merged.uses, over.uses...)
	return merged
}

// String returns text that [ParseColumns] parses to the same uses.
func (c Columns) String() string {
	uses := make([]string, len(c.uses))
	for i, u := range c.uses {
		refs := make([]string, len(u.Refs))
		for n, ref := range u.Refs {
			refs[n] = ref.String()
		}
		uses[i] = u.key() + "=" + strings.Join(refs, "|")
		if u.Optional {
			uses[i] += "?"
		}
	}
	return strings.Join(uses, ",")
}

func (u ColumnUse) key() string {
	if u.Use == UseAttribute {
		return u.Use + "." + u.Attribute
	}
	return u.Use
}

// String returns the column as [ParseColumns] takes it.
func (r ColumnRef) String() string {
	switch {
	case r.Header == "":
		return strconv.Itoa(r.Number)
	case strings.ContainsAny(r.Header, `",|`) || strings.HasSuffix(r.Header, "?") || strings.Trim(r.Header, "0123456789") == "" ||
		strings.TrimSpace(r.Header) != r.Header:

		return `"` + strings.ReplaceAll(r.Header, `"`, `""`) + `"`
	}
	return r.Header
}

// ColumnKey returns the header of a column without blanks and in lower case. Two headers
// are the same if their keys are.
func ColumnKey(header string) string {
	return strings.ToLower(strings.Join(strings.Fields(header), ""))
}

// ParseDelimiter parses the character that separates the cells of a table: a comma, a
// semicolon, a tab or a bar, or one of the words comma, semicolon, tab and bar.
func ParseDelimiter(text string) (byte, error) {
	switch strings.ToLower(text) {
	case ",", "comma":
		return ',', nil
	case ";", "semicolon":
		return ';', nil
	case "\t", `\t`, "tab":
		return '\t', nil
	case "|", "bar", "pipe":
		return '|', nil
	}
	return 0, fmt.Errorf("%s is none of comma, semicolon, tab, bar", Quote(text))
}
