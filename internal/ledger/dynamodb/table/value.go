package table

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// An Item is one item of the table, or the key of one.
type Item = map[string]types.AttributeValue

// Attributes that every item may have.
const (
	PK      = "pk"
	SK      = "sk"
	Expires = "expires"
)

// Key returns a key.
func Key(pk, sk string) Item { return Item{PK: Str(pk), SK: Str(sk)} }

// PointerKey returns the key of an item that points to an import or job, in a partition ordered
// by time.
func PointerKey(partition string, at time.Time, id string) Item {
	return Key(partition, fmt.Sprintf("%020d#%s", at.UnixMicro(), id))
}

// PointedTo returns the ID that an item with a [PointerKey] points to, or "" for any other
// item.
func PointedTo(i Item) string {
	_, id, _ := strings.Cut(Text(i, SK), "#")
	return id
}

// Str returns the attribute value of a string.
func Str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// Num returns the attribute value of a number.
func Num[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

// Micros returns the attribute value of a time, in microseconds.
func Micros(t time.Time) types.AttributeValue { return Num(t.UnixMicro()) }

// Text returns a string attribute, or "" if there is none.
func Text(i Item, name string) string {
	if v, ok := i[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

// Number returns a number attribute, or 0 if there is none.
func Number(i Item, name string) int64 {
	if v, ok := i[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64) // only Num writes numbers
		return n
	}
	return 0
}

// Has reports whether an item has an attribute.
func Has(i Item, name string) bool { return i[name] != nil }

// Instant returns a time written by [Micros], or the zero time if there is none.
func Instant(i Item, name string) time.Time {
	if !Has(i, name) {
		return time.Time{}
	}
	return time.UnixMicro(Number(i, name)).UTC()
}

// Put sets an attribute unless its value is empty.
func Put(i Item, name, value string) {
	if value != "" {
		i[name] = Str(value)
	}
}

// With returns a copy of a key with more attributes.
func With(key, more Item) Item {
	all := maps.Clone(key)
	maps.Copy(all, more)
	return all
}

// Kept sets the expiry of an item if the table has a retention, and returns the item.
func (t *Table) Kept(i Item) Item {
	if t.retention > 0 {
		i[Expires] = Num(t.now().Add(t.retention).Unix())
	}
	return i
}
