package dynamodb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// attrAsked has what entries of one block asked for, as the JSON of an askedBlock.
const attrAsked = "asked"

// mostAsked is the size of a block in bytes at which the next one begins. An item may have 400 KB.
const mostAsked = 256 << 10

// An askedBlock has what entries asked for, from the first to the last of them without a gap. Entries one after
// the other that asked for the same are one run, and each text is there once. Blocks may overlap after a
// repetition with other limits; they then agree.
type askedBlock struct {
	Texts []string   `json:"texts"`
	Runs  []askedRun `json:"runs"`
}

// An askedRun is the first entry of a run, the number of its entries, and the index of their text.
type askedRun [3]int

// add adds an entry, and returns how many bytes the block has grown.
func (b *askedBlock) add(entry int, text string) int {
	if last := len(b.Runs) - 1; last >= 0 && b.Runs[last][0]+b.Runs[last][1] == entry && b.Texts[b.Runs[last][2]] == text {
		b.Runs[last][1]++
		return 0
	}
	const runBytes = 32 // with large numbers
	grown, at := runBytes, slices.Index(b.Texts, text)
	if at < 0 {
		at = len(b.Texts)
		b.Texts = append(b.Texts, text)
		grown += 2 * len(text) // in JSON, quotes are escaped
	}
	b.Runs = append(b.Runs, askedRun{entry, 1, at})
	return grown
}

// yield yields the entries of the block after another one, and returns the last of them. More is false if the
// caller wants no more.
func (b *askedBlock) yield(manifest, after int, yield func(ledger.Asked, error) bool) (last int, more bool) {
	for _, run := range b.Runs {
		for entry := max(run[0], after+1); entry < run[0]+run[1]; entry++ {
			asked := ledger.Asked{Place: ledger.Place{Manifest: manifest, Entry: entry}, Settings: b.Texts[run[2]]}
			if !yield(asked, nil) {
				return entry, false
			}
			after = entry
		}
	}
	return after, true
}

// check returns an error for a block that this package did not write.
func (b *askedBlock) check() error {
	for _, run := range b.Runs {
		if run[0] < 0 || run[1] < 1 || run[2] < 0 || run[2] >= len(b.Texts) {
			return fmt.Errorf("run %v of %d texts", run, len(b.Texts))
		}
	}
	return nil
}

// askedPartition returns the partition with what entries asked for. An import that begins again with other
// settings may judge its entries in another way, so the settings are a part of it.
func askedPartition(i *ledger.Import) string {
	sum := sha256.Sum256([]byte(i.Settings))
	return "asked#" + i.ID + "#" + hex.EncodeToString(sum[:8])
}

// KeepSettings implements [ledger.SettingsKeeper].
func (l *Ledger) KeepSettings(ctx context.Context, id string, asked []ledger.Asked) error {
	found, err := l.table.Get(ctx, table.Key(importPartition(id), sortImport))
	if err == nil && len(found) == 0 {
		err = ledger.ErrNotFound
	}
	var i ledger.Import
	if err == nil {
		i, err = importOf(found)
	}
	for err == nil && len(asked) > 0 {
		var block askedBlock
		n, size := 0, 0
		for ; n < len(asked) && size < mostAsked; n++ {
			size += block.add(asked[n].Entry, asked[n].Settings)
		}
		err = l.putAsked(ctx, askedPartition(&i), &block)
		asked = asked[n:]
	}
	if err != nil {
		return fmt.Errorf("ledger: import %s: keep what entries asked for: %w", id, err)
	}
	return nil
}

func (l *Ledger) putAsked(ctx context.Context, partition string, b *askedBlock) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	first, last := b.Runs[0], b.Runs[len(b.Runs)-1]
	// With the last entry in the key, a repetition that ends earlier replaces nothing.
	key := fmt.Sprintf("%010d-%010d", first[0], last[0]+last[1]-1)
	_, _, err = l.table.Update(ctx, table.Update{
		Key: table.Key(partition, key), Set: []string{"#" + attrAsked + " = :asked"},
		Values: table.Item{":asked": table.Str(string(text))}, Renew: true,
	})
	return err
}

// Settings implements [ledger.SettingsReader]. Imports that an earlier version decoded have none.
func (l *Ledger) Settings(ctx context.Context, id string) iter.Seq2[ledger.Asked, error] {
	return func(yield func(ledger.Asked, error) bool) {
		fail := func(err error) {
			yield(ledger.Asked{}, fmt.Errorf("ledger: import %s: read what entries asked for: %w", id, err))
		}
		i, err := l.loadImport(ctx, id)
		if err != nil {
			fail(err)
			return
		}
		last := -1
		for item, err := range l.table.Query(ctx, askedPartition(&i), table.Query{}) {
			var block askedBlock
			if err == nil {
				err = json.Unmarshal([]byte(table.Text(item, attrAsked)), &block)
			}
			if err == nil {
				err = block.check()
			}
			if err != nil {
				fail(err)
				return
			}
			var more bool
			if last, more = block.yield(0, last, yield); !more {
				return
			}
		}
	}
}
