package dynamodb

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
)

// outcomes are also the names of a counter's attributes.
var outcomes = []ledger.Outcome{ledger.Imported, ledger.Unchanged, ledger.Failed, ledger.Rejected, ledger.Skipped}

func addCounter(c *ledger.Counts, i item) {
	for _, o := range outcomes {
		c.Add(o, int(number(i, string(o))))
	}
}

// change is by how much outcomes change.
type change map[ledger.Outcome]int

// count adds a change to one of an import's counters. Outcomes whose number
// does not change are left out; ok is false where that is all of them.
func (l *Ledger) count(id string, c change) (action types.TransactWriteItem, ok bool) {
	var terms []string
	names, values := map[string]string{}, item{}
	for _, o := range slices.Sorted(maps.Keys(c)) {
		if c[o] == 0 {
			continue
		}
		names["#"+string(o)], values[":"+string(o)] = string(o), num(c[o])
		terms = append(terms, "#"+string(o)+" :"+string(o))
	}
	if len(terms) == 0 {
		return action, false
	}
	expression := "ADD " + strings.Join(terms, ", ")
	if l.retention > 0 {
		expression += " SET expires = :expires"
		values[":expires"] = num(l.now().Add(l.retention).Unix())
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &l.table, Key: countKey(id, rand.IntN(l.shards)), //nolint:gosec // spreads writers
		UpdateExpression: &expression, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}}, true
}
