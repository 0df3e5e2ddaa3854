package dynamodb

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func num[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

// micros is a time as the table keeps it.
func micros(t time.Time) types.AttributeValue { return num(t.UnixMicro()) }

func text(i item, name string) string {
	if v, ok := i[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func number(i item, name string) int64 {
	if v, ok := i[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64) // a number that is none was not written by us
		return n
	}
	return 0
}

func has(i item, name string) bool { return i[name] != nil }

// instant reads a time that micros wrote; the zero time where there is none.
func instant(i item, name string) time.Time {
	if !has(i, name) {
		return time.Time{}
	}
	return time.UnixMicro(number(i, name)).UTC()
}

// put adds text that is not empty: what is empty is left out.
func put(i item, name, value string) {
	if value != "" {
		i[name] = str(value)
	}
}

// with returns a copy of a key with more attributes.
func with(key item, more item) item {
	all := maps.Clone(key)
	maps.Copy(all, more)
	return all
}

// kept returns the item with the time at which it may go, if there is one.
func (l *Ledger) kept(i item) item {
	if l.retention > 0 {
		i[attrExpires] = num(l.now().Add(l.retention).Unix())
	}
	return i
}

// renewed adds to an update, which begins with SET, that the item is kept as
// long as one that is written now.
func (l *Ledger) renewed(update string, values item) *string {
	if l.retention > 0 {
		values[":expires"] = num(l.now().Add(l.retention).Unix())
		update = "SET " + attrExpires + " = :expires, " + strings.TrimPrefix(update, "SET ")
	}
	return &update
}
