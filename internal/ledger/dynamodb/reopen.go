package dynamodb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// Reopen takes back the outcomes of those entries of manifest 0 that failed before a time, so
// that they are pending again. It leaves all other entries alone, so it may be repeated. An
// outcome and the change of its counter are removed in one transaction.
func (l *Ledger) Reopen(ctx context.Context, id string, entries []int, before time.Time) error {
	for group := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(entries))), table.MostActions-1) {
		if err := l.reopen(ctx, id, group, before); err != nil {
			return fmt.Errorf("ledger: import %s: reopen %d entries: %w", id, len(group), err)
		}
	}
	return nil
}

// reopen reopens as many entries as fit into one transaction with their counter. If another
// function has recorded one of them meanwhile, it reads them again.
func (l *Ledger) reopen(ctx context.Context, id string, entries []int, before time.Time) error {
	keys := make([]table.Item, len(entries))
	for n, entry := range entries {
		keys[n] = entryKey(id, ledger.Place{Entry: entry})
	}
	for {
		items, err := l.table.GetAll(ctx, keys)
		if err != nil {
			return err
		}
		var actions []types.TransactWriteItem
		for _, i := range items {
			if table.Text(i, attrOutcome) != string(ledger.Failed) || !table.Instant(i, attrAt).Before(before) {
				continue
			}
			key := table.Item{table.PK: i[table.PK], table.SK: i[table.SK]}
			actions = append(actions, l.table.DeleteIf(key, "v = :v", table.Item{":v": i[attrVersion]}))
		}
		counter, ok := l.count(id, change{ledger.Failed: -len(actions)})
		if !ok {
			return nil
		}
		if refused, err := l.table.Transact(ctx, append(actions, counter)); err != nil || refused == nil {
			return err
		}
	}
}

// Restart replaces the record of an import that has no outcomes, and marks it as running. The
// error wraps [ledger.ErrNotFound] if there is no such import.
func (l *Ledger) Restart(ctx context.Context, i ledger.Import) error {
	data, err := json.Marshal(begunOf(i))
	if err != nil {
		return fmt.Errorf("ledger: import %s: %w", i.ID, err)
	}
	refused, err := l.table.Transact(ctx, []types.TransactWriteItem{
		l.table.Updating(table.Update{
			Key: table.Key(importPartition(i.ID), sortImport), If: "attribute_exists(pk)", Renew: true,
			Set: []string{"#data = :data", "#state = :running"}, Remove: []string{"#cause", "#ended"},
			Values: table.Item{":data": table.Str(string(data)), ":running": table.Str(string(ledger.StateRunning))},
		}),
		l.table.PutAny(l.table.Kept(table.PointerKey("key#"+i.Key, i.Begun, i.ID))),
	})
	if err == nil && refused != nil {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("ledger: restart import %s: %w", i.ID, err)
	}
	return nil
}
