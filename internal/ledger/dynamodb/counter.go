package dynamodb

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// outcomes are also the names of a counter's attributes.
var outcomes = append(ledger.Outcomes(), ledger.Changed, ledger.Kept)

func addCounter(c *ledger.Counts, i table.Item) {
	for _, o := range outcomes {
		c.Add(o, int(table.Number(i, string(o))))
	}
}

// change is the difference of each outcome's number.
type change map[ledger.Outcome]int

// count returns the action that adds a change to one of an import's counters. It leaves out
// outcomes whose number does not change; ok is false if there are no others.
func (l *Ledger) count(id string, c change) (action types.TransactWriteItem, ok bool) {
	u := table.Update{
		Key: countKey(id, rand.IntN(l.shards)), Values: table.Item{}, Renew: true, //nolint:gosec // spreads writers
	}
	for _, o := range slices.Sorted(maps.Keys(c)) {
		if c[o] != 0 {
			u.Values[":"+string(o)] = table.Num(c[o])
			u.Add = append(u.Add, "#"+string(o)+" :"+string(o))
		}
	}
	if len(u.Add) == 0 {
		return action, false
	}
	return l.table.Updating(u), true
}
