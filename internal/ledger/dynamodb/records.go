package dynamodb

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// placed is the item of an entry with its place.
type placed struct {
	place ledger.Place
	item  table.Item
}

// entryItems yields the items of an import's entries from a place on, in order. It stops at an
// error.
func (l *Ledger) entryItems(
	ctx context.Context, id string, manifests []ledger.Manifest, from ledger.Place, q table.Query,
) iter.Seq2[placed, error] {
	return func(yield func(placed, error) bool) {
		for m := from.Manifest; m < len(manifests); m++ {
			first := 0
			if m == from.Manifest {
				first = from.Entry
			}
			for block := first / blockSize; block*blockSize < manifests[m].Entries; block++ {
				for i, err := range l.table.Query(ctx, entryPartition(id, m, block), q) {
					if err != nil {
						yield(placed{}, err)
						return
					}
					if entryOf(i) < first {
						continue
					}
					if !yield(placed{ledger.Place{Manifest: m, Entry: entryOf(i)}, i}, nil) {
						return
					}
				}
			}
		}
	}
}

// Records implements [ledger.Reader].
func (l *Ledger) Records(ctx context.Context, id string) iter.Seq2[ledger.Record, error] {
	return l.RecordsFrom(ctx, id, ledger.Place{})
}

// RecordsFrom yields the records of an import's entries from a place on, as Records does.
func (l *Ledger) RecordsFrom(ctx context.Context, id string, from ledger.Place) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		i, err := l.Import(ctx, id)
		if err != nil {
			yield(ledger.Record{}, err)
			return
		}
		only := table.Query{Filter: "attribute_exists(v)"}
		for at, err := range l.entryItems(ctx, id, i.Manifests, from, only) {
			var record ledger.Record
			if err == nil {
				record, err = recordOf(at.item, at.place)
			}
			if err != nil {
				yield(ledger.Record{}, fmt.Errorf("ledger: import %s: read records: %w", id, err))
				return
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// Marks yields the marks of entries that have not been recorded since, in the order of manifest and entry.
// It stops at an error.
func (l *Ledger) Marks(ctx context.Context, id string) iter.Seq2[ledger.Mark, error] {
	return func(yield func(ledger.Mark, error) bool) {
		i, err := l.Import(ctx, id)
		if err != nil {
			yield(ledger.Mark{}, err)
			return
		}
		l.marks(ctx, id, i.Manifests)(yield)
	}
}

func (l *Ledger) marks(ctx context.Context, id string, manifests []ledger.Manifest) iter.Seq2[ledger.Mark, error] {
	return func(yield func(ledger.Mark, error) bool) {
		only := table.Query{Filter: "attribute_exists(#m)"}
		for i, err := range l.entryItems(ctx, id, manifests, ledger.Place{}, only) {
			if err != nil {
				yield(ledger.Mark{}, fmt.Errorf("ledger: import %s: read marks: %w", id, err))
				return
			}
			if !yield(markOf(i.item, i.place), nil) {
				return
			}
		}
	}
}

// Outcomes returns the records of entries of manifest 0, no older than the call. Entries
// without a record are left out.
func (l *Ledger) Outcomes(ctx context.Context, id string, entries []int) (map[int]ledger.Record, error) {
	keys := make([]table.Item, 0, len(entries))
	for _, entry := range slices.Compact(slices.Sorted(slices.Values(entries))) {
		keys = append(keys, entryKey(id, ledger.Place{Entry: entry}))
	}
	items, err := l.table.GetAll(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("ledger: import %s: read %d entries: %w", id, len(keys), err)
	}
	found := make(map[int]ledger.Record, len(items))
	for _, i := range items {
		if !table.Has(i, attrVersion) {
			continue // a mark
		}
		entry := entryOf(i)
		if found[entry], err = recordOf(i, ledger.Place{Entry: entry}); err != nil {
			return nil, fmt.Errorf("ledger: import %s: %w", id, err)
		}
	}
	return found, nil
}
