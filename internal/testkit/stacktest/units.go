package stacktest

import (
	"encoding/base64"
	"encoding/json"
)

// writeUnits returns the cost of a transaction of writes: two write units for each
// started KiB of each item (DynamoDB developer guide, "Read and write
// operations"). It is computed from the request, because DynamoDB Local reports
// the cost of only some of the items. It assumes that an updated item is as large
// as the update, which is right up to 1 KiB.
func writeUnits(body []byte) float64 {
	type values map[string]json.RawMessage
	type action struct{ Item, Key, ExpressionAttributeValues values }
	var request struct {
		TransactItems []struct{ Put, Update, Delete, ConditionCheck action }
	}
	if json.Unmarshal(body, &request) != nil {
		return 0
	}
	units := 0
	for _, one := range request.TransactItems {
		size := 0
		for _, a := range []action{one.Put, one.Update, one.Delete, one.ConditionCheck} {
			for _, v := range []values{a.Item, a.Key, a.ExpressionAttributeValues} {
				for name, value := range v {
					size += len(name) + valueSize(value)
				}
			}
		}
		units += 2 * max(1, (size+1023)/1024)
	}
	return float64(units)
}

// valueSize returns the size of an attribute's value (DynamoDB developer guide,
// "Item sizes and formats").
func valueSize(value json.RawMessage) int {
	var typed struct {
		S, N *string
		B    *string
		M    map[string]json.RawMessage
		L    []json.RawMessage
	}
	if json.Unmarshal(value, &typed) != nil {
		return len(value)
	}
	switch {
	case typed.S != nil:
		return len(*typed.S)
	case typed.N != nil:
		return len(*typed.N)/2 + 1
	case typed.B != nil:
		return base64.StdEncoding.DecodedLen(len(*typed.B))
	case typed.M != nil:
		size := 3
		for name, v := range typed.M {
			size += 1 + len(name) + valueSize(v)
		}
		return size
	case typed.L != nil:
		size := 3
		for _, v := range typed.L {
			size += 1 + valueSize(v)
		}
		return size
	}
	return 1 // a boolean or null
}
