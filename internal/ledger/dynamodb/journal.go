package dynamodb

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// A journal implements [ledger.Journal].
type journal struct {
	ledger    *Ledger
	id        string
	manifests []ledger.Manifest
	closed    *atomic.Bool
}

// ready returns an error unless the journal can be used for these places.
func (j *journal) ready(ctx context.Context, places ...ledger.Place) error {
	if j.closed.Load() {
		return fmt.Errorf("ledger: import %s: %w", j.id, ledger.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("ledger: import %s: %w", j.id, err)
	}
	for _, p := range places {
		if p.Manifest < 0 || p.Manifest >= len(j.manifests) || p.Entry < 0 || p.Entry >= j.manifests[p.Manifest].Entries {
			return fmt.Errorf("ledger: import %s: there is no entry %d in manifest %d", j.id, p.Entry, p.Manifest)
		}
	}
	return nil
}

// Mark implements [ledger.Journal], in transactions of up to a hundred marks.
func (j *journal) Mark(ctx context.Context, marks []ledger.Mark) error {
	seen := map[ledger.Place]bool{}
	var actions []types.TransactWriteItem
	if err := j.ready(ctx); err != nil {
		return err
	}
	for _, m := range marks {
		if err := j.ready(ctx, m.Place); err != nil {
			return err
		}
		if !seen[m.Place] { // within a call the first one counts, too
			seen[m.Place] = true
			actions = append(actions, j.mark(m))
		}
	}
	for group := range slices.Chunk(actions, table.MostActions) {
		if _, err := j.ledger.table.Transact(ctx, group); err != nil {
			return fmt.Errorf("ledger: import %s: mark %d entries: %w", j.id, len(group), err)
		}
	}
	return nil
}

func (j *journal) mark(m ledger.Mark) types.TransactWriteItem {
	return j.ledger.table.Updating(table.Update{
		Key: entryKey(j.id, m.Place), Renew: true,
		Set:    []string{"#m = if_not_exists(#m, :m)", "#mc = if_not_exists(#mc, :mc)", "#mn = if_not_exists(#mn, :mn)"},
		Values: table.Item{":m": table.Micros(m.At), ":mc": table.Str(m.CertificateID.String()), ":mn": table.Str(m.ThingName)},
	})
}

// Record implements [ledger.Journal], in transactions of up to 99 entries and their counter. It
// reads no entry unless it already has a record.
func (j *journal) Record(ctx context.Context, records []ledger.Record) error {
	if err := j.ready(ctx); err != nil {
		return err
	}
	entries, err := j.entries(ctx, records)
	if err != nil {
		return err
	}
	for group := range groups(entries) {
		if err := j.write(ctx, group); err != nil {
			return fmt.Errorf("ledger: import %s: record %d entries: %w", j.id, len(group), err)
		}
	}
	return nil
}

// groups yields as many entries as fit into one transaction with their counter.
func groups(entries []*entry) iter.Seq[[]*entry] {
	return func(yield func([]*entry) bool) {
		for len(entries) > 0 {
			n, size := 0, 0
			for n < min(len(entries), table.MostActions-1) {
				if size += entries[n].size(); n > 0 && size > table.MostBytes {
					break
				}
				n++
			}
			if !yield(entries[:n]) {
				return
			}
			entries = entries[n:]
		}
	}
}

// An entry is the part of a call of Record for one place.
type entry struct {
	place ledger.Place
	// wanted are the records of the call, in order.
	wanted []ledger.Record
	// before is the record in the table as last read; version 0 means none.
	before  ledger.Record
	version int64
	marked  bool
}

func (j *journal) entries(ctx context.Context, records []ledger.Record) ([]*entry, error) {
	at := map[ledger.Place]*entry{}
	var list []*entry
	for _, r := range records {
		if err := j.ready(ctx, r.Place); err != nil {
			return nil, err
		}
		if !slices.Contains(outcomes, r.Outcome) {
			return nil, fmt.Errorf("ledger: import %s: entry %d: unknown outcome %q", j.id, r.Entry, r.Outcome)
		}
		e := at[r.Place]
		if e == nil {
			e = &entry{place: r.Place}
			at[r.Place] = e
			list = append(list, e)
		}
		e.wanted = append(e.wanted, bounded(r))
	}
	return list, nil
}

// size returns an upper bound for the bytes of the item, as far as it is known.
func (e *entry) size() int {
	r := e.after()
	size := 512 + len(r.ID) + len(r.ThingName) + 2*len(r.CertificateID) + len(r.CertificateARN) + len(r.Reason) + len(r.Detail)
	for _, s := range r.Steps {
		size += 64 + len(s.Operation) + len(s.Resource)
	}
	return size
}

// after returns the record to be written.
func (e *entry) after() ledger.Record {
	steps := e.before.Steps
	for _, r := range e.wanted {
		steps = ledger.MergeSteps(steps, r.Steps)
	}
	last := e.wanted[len(e.wanted)-1]
	last.Steps = steps
	return last
}

// write records a group in one transaction. It reads the items only if they refuse the
// transaction.
func (j *journal) write(ctx context.Context, group []*entry) error {
	for {
		actions, err := j.actions(group)
		if err != nil || len(actions) == 0 {
			return err
		}
		refused, err := j.ledger.table.Transact(ctx, actions)
		if err != nil || refused == nil {
			return err
		}
		if err := j.read(ctx, group); err != nil {
			return err
		}
	}
}

// actions returns the writes that a group needs, none for an entry that already has its record.
func (j *journal) actions(group []*entry) ([]types.TransactWriteItem, error) {
	var actions []types.TransactWriteItem
	counted := change{}
	for _, e := range group {
		after := e.after()
		if e.version > 0 && !e.marked && same(&e.before, &after) {
			continue
		}
		if j.ledger.settled && e.version > 0 && e.before.Outcome.Stands() && !after.Outcome.Stands() {
			continue
		}
		row, err := j.ledger.row(j.id, &after, e.version+1)
		if err != nil {
			return nil, err
		}
		counted[after.Outcome]++
		if e.version == 0 {
			actions = append(actions, j.ledger.table.PutIf(row, "attribute_not_exists(v)", nil))
			continue
		}
		counted[e.before.Outcome]--
		actions = append(actions, j.ledger.table.PutIf(row, "v = :v", table.Item{":v": table.Num(e.version)}))
	}
	if counter, ok := j.ledger.count(j.id, counted); ok {
		actions = append(actions, counter)
	}
	return actions, nil
}

// read updates the group from the table.
func (j *journal) read(ctx context.Context, group []*entry) error {
	keys := make([]table.Item, len(group))
	at := map[string]*entry{}
	for n, e := range group {
		e.before, e.version, e.marked = ledger.Record{}, 0, false // a missing item has expired
		keys[n] = entryKey(j.id, e.place)
		at[table.Text(keys[n], table.PK)+" "+table.Text(keys[n], table.SK)] = e
	}
	items, err := j.ledger.table.GetAll(ctx, keys)
	if err != nil {
		return err
	}
	for _, i := range items {
		e := at[table.Text(i, table.PK)+" "+table.Text(i, table.SK)]
		e.marked = table.Has(i, attrMarked)
		if e.version = table.Number(i, attrVersion); e.version == 0 {
			continue
		}
		if e.before, err = recordOf(i, e.place); err != nil {
			return err
		}
	}
	return nil
}

// Marked implements [ledger.Journal].
func (j *journal) Marked(ctx context.Context) iter.Seq2[ledger.Mark, error] {
	return func(yield func(ledger.Mark, error) bool) {
		if err := j.ready(ctx); err != nil {
			yield(ledger.Mark{}, err)
			return
		}
		j.ledger.marks(ctx, j.id, j.manifests)(yield)
	}
}

// Close implements [ledger.Journal].
func (j *journal) Close(ctx context.Context, end ledger.End) error {
	if err := end.Check(); err != nil {
		return err
	}
	if err := j.ready(ctx); err != nil {
		return err
	}
	u := table.Update{
		Key: table.Key(importPartition(j.id), sortImport), If: "attribute_exists(pk)", Renew: true,
		Set:    []string{"#state = :state", "#ended = :ended"},
		Values: table.Item{":state": table.Str(string(end.State)), ":ended": table.Micros(end.At)},
	}
	if end.Cause == "" {
		u.Remove = []string{"#cause"}
	} else {
		u.Set, u.Values[":cause"] = append(u.Set, "#cause = :cause"), table.Str(end.Cause)
	}
	_, ok, err := j.ledger.table.Update(ctx, u)
	if err == nil && !ok {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("ledger: close import %s: %w", j.id, err)
	}
	j.closed.Store(true)
	return nil
}
