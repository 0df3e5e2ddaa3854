package dynamodb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// searchedAtOnce is the number of partitions that Devices reads concurrently.
const searchedAtOnce = 16

// Devices returns the records and marks of a device in imports, in the order of the imports and of their entries.
// The table has no index by device, because every import would pay for it with another write unit for each name of
// each device. So all entries of the imports are read. DynamoDB evaluates a mebibyte of them a call, some 2,300
// entries, and returns only those of the device. Searched is called with the number of entries that were
// searched since its last call, one call at a time.
func (l *Ledger) Devices(
	ctx context.Context, imports []ledger.Import, names ledger.DeviceNames, searched func(entries int),
) ([]ledger.Found, error) {
	query, ok := queryOf(names)
	if !ok {
		return nil, nil
	}
	found := make([][]ledger.Found, len(imports))
	var mu sync.Mutex
	group, until := errgroup.WithContext(ctx)
	group.SetLimit(searchedAtOnce)
	for n, i := range imports {
		for m := range i.Manifests {
			for first := 0; first < i.Manifests[m].Entries && until.Err() == nil; first += blockSize {
				group.Go(func() error {
					list, err := l.search(until, i.ID, m, first/blockSize, query)
					mu.Lock()
					defer mu.Unlock()
					found[n] = append(found[n], list...)
					searched(min(blockSize, i.Manifests[m].Entries-first))
					return err
				})
			}
		}
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("ledger: search devices: %w", err)
	}
	for _, list := range found {
		slices.SortStableFunc(list, func(a, b ledger.Found) int {
			return cmp.Or(cmp.Compare(a.Manifest, b.Manifest), cmp.Compare(a.Entry, b.Entry))
		})
	}
	return slices.Concat(found...), ctx.Err()
}

// queryOf returns the query for the entries of a device, unless there are no names.
func queryOf(names ledger.DeviceNames) (q table.Query, ok bool) {
	q.Values = table.Item{}
	var parts []string
	equal := func(value string, attributes ...string) {
		placeholder := fmt.Sprintf(":v%d", len(q.Values))
		q.Values[placeholder] = table.Str(value)
		for _, name := range attributes {
			parts = append(parts, "#"+name+" = "+placeholder)
		}
	}
	for _, name := range names.Things {
		equal(name, attrThing, attrMarkedThing)
	}
	for _, id := range names.IDs {
		equal(id, attrID)
	}
	if !names.Certificate.IsZero() {
		equal(names.Certificate.String(), attrCertificate, attrMarkedCertificate)
	}
	q.Filter = strings.Join(parts, " OR ")
	return q, len(parts) > 0
}

// search returns the records and marks that a query finds in a partition of entries.
func (l *Ledger) search(ctx context.Context, id string, manifest, block int, q table.Query) (list []ledger.Found, err error) {
	for i, err := range l.table.Query(ctx, entryPartition(id, manifest, block), q) {
		if err != nil {
			return nil, err
		}
		both, err := foundOf(i, id, ledger.Place{Manifest: manifest, Entry: entryOf(i)})
		if err != nil {
			return nil, err
		}
		list = append(list, both...)
	}
	return list, nil
}

// foundOf returns the record and the mark of an item, as far as it has them.
func foundOf(i table.Item, id string, place ledger.Place) (list []ledger.Found, err error) {
	if table.Has(i, attrVersion) {
		record, err := recordOf(i, place)
		if err != nil {
			return nil, err
		}
		list = append(list, ledger.Found{Import: id, Record: record})
	}
	if table.Has(i, attrMarked) {
		mark := markOf(i, place)
		list = append(list, ledger.Found{Import: id, Record: ledger.Record{
			Place: place, ThingName: mark.ThingName, CertificateID: mark.CertificateID, At: mark.At,
		}})
	}
	return list, nil
}

// Entry returns the record and the mark of an entry of an import or a later command, as far as it has them.
func (l *Ledger) Entry(ctx context.Context, id string, place ledger.Place) ([]ledger.Found, error) {
	item, err := l.table.Get(ctx, entryKey(id, place))
	if err != nil {
		return nil, fmt.Errorf("ledger: import %s: read entry %d: %w", id, place.Entry, err)
	}
	return foundOf(item, id, place)
}
