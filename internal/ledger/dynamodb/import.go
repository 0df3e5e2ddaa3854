package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// Attributes of an import, in addition to its JSON.
const (
	attrData  = "data" // JSON of the parts that do not change
	attrState = "state"
	attrCause = "cause"
	attrEnded = "ended"
)

// begun are the parts of an import that do not change.
type begun struct {
	ID        string            `json:"id"`
	Key       string            `json:"key"`
	Target    ledger.Target     `json:"target"`
	Manifests []ledger.Manifest `json:"manifests"`
	Settings  string            `json:"settings"`
	Begun     time.Time         `json:"begun"`
	Verb      string            `json:"verb,omitempty"`
	Of        []string          `json:"of,omitempty"`
}

func begunOf(i ledger.Import) begun {
	return begun{i.ID, i.Key, i.Target, i.Manifests, i.Settings, i.Begun, i.Verb, i.Of}
}

// Begin implements [ledger.Ledger].
func (l *Ledger) Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error) {
	actions, err := l.Beginning(i)
	if err != nil {
		return nil, err
	}
	refused, err := l.table.Transact(ctx, actions)
	if err != nil {
		return nil, fmt.Errorf("ledger: begin import %s: %w", i.ID, err)
	}
	if refused != nil {
		return nil, fmt.Errorf("ledger: begin import %s: it exists already", i.ID)
	}
	return l.journal(i.ID, i.Manifests), nil
}

// Beginning returns the actions of the transaction with which [Ledger.Begin] records an import, for a caller that
// writes more in the same transaction.
func (l *Ledger) Beginning(i ledger.Import) ([]types.TransactWriteItem, error) {
	data, err := json.Marshal(begunOf(i))
	if err != nil {
		return nil, fmt.Errorf("ledger: import %s: %w", i.ID, err)
	}
	actions := []types.TransactWriteItem{
		l.table.PutNew(l.table.Kept(table.With(table.Key(importPartition(i.ID), sortImport), table.Item{
			attrData: table.Str(string(data)), attrState: table.Str(string(ledger.StateRunning)),
		}))),
		l.table.PutAny(l.table.Kept(table.PointerKey("key#"+i.Key, i.Begun, i.ID))),
	}
	if i.Verb == "" {
		actions = append(actions, l.table.PutAny(l.table.Kept(table.PointerKey(partitionImports, i.Begun, i.ID))))
	}
	for _, of := range i.Of {
		actions = append(actions, l.table.PutAny(l.table.Kept(table.PointerKey(laterPartition(of), i.Begun, i.ID))))
	}
	return actions, nil
}

// Resume implements [ledger.Ledger]. It makes one call, however large the import is, and
// several journals of one import may be open at the same time.
func (l *Ledger) Resume(ctx context.Context, id string) (ledger.Journal, error) {
	found, ok, err := l.table.Update(ctx, table.Update{
		Key: table.Key(importPartition(id), sortImport), If: "attribute_exists(pk)",
		Set: []string{"#state = :running"}, Remove: []string{"#cause"},
		Values: table.Item{":running": table.Str(string(ledger.StateRunning))}, Renew: true,
	})
	if err == nil && !ok {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: resume import %s: %w", id, err)
	}
	i, err := importOf(found)
	if err != nil {
		return nil, err
	}
	return l.journal(id, i.Manifests), nil
}

func (l *Ledger) journal(id string, manifests []ledger.Manifest) *journal {
	return &journal{ledger: l, id: id, manifests: manifests, closed: &atomic.Bool{}}
}

// Import implements [ledger.Reader]. Its result is no older than the call.
func (l *Ledger) Import(ctx context.Context, id string) (ledger.Import, error) {
	found, err := l.loadImport(ctx, id)
	if err != nil {
		return ledger.Import{}, fmt.Errorf("ledger: import %s: %w", id, err)
	}
	return found, nil
}

// loadImport reads an import and its counters, which are in the same partition.
func (l *Ledger) loadImport(ctx context.Context, id string) (ledger.Import, error) {
	var found ledger.Import
	var counts ledger.Counts
	for i, err := range l.table.Query(ctx, importPartition(id), table.Query{}) {
		if err != nil {
			return found, err
		}
		switch sk := table.Text(i, table.SK); {
		case sk == sortImport:
			if found, err = importOf(i); err != nil {
				return found, err
			}
		case strings.HasPrefix(sk, sortCount):
			addCounter(&counts, i)
		}
	}
	if found.ID == "" {
		return found, ledger.ErrNotFound
	}
	for _, m := range found.Manifests {
		counts.Entries += m.Entries
	}
	found.Counts = counts
	return found, nil
}

// Counts returns the entries of an import by outcome, no older than the call. The error wraps
// [ledger.ErrNotFound] if there is no such import.
func (l *Ledger) Counts(ctx context.Context, id string) (ledger.Counts, error) {
	i, err := l.Import(ctx, id)
	return i.Counts, err
}

func importOf(i table.Item) (ledger.Import, error) {
	var b begun
	if err := json.Unmarshal([]byte(table.Text(i, attrData)), &b); err != nil {
		return ledger.Import{}, fmt.Errorf("the ledger contains an invalid import: %w", err)
	}
	return ledger.Import{
		ID: b.ID, Key: b.Key, Target: b.Target, Manifests: b.Manifests, Settings: b.Settings, Begun: b.Begun, Verb: b.Verb, Of: b.Of,
		State: ledger.State(table.Text(i, attrState)), Cause: table.Text(i, attrCause), Ended: table.Instant(i, attrEnded),
	}, nil
}

// Find implements [ledger.Reader].
func (l *Ledger) Find(ctx context.Context, k string) (ledger.Import, error) {
	for pointer, err := range l.table.Query(ctx, "key#"+k, table.Query{NewestFirst: true, Limit: 1}) {
		if err != nil {
			return ledger.Import{}, fmt.Errorf("ledger: find an import: %w", err)
		}
		return l.Import(ctx, table.PointedTo(pointer))
	}
	return ledger.Import{}, fmt.Errorf("ledger: import of key %s: %w", k, ledger.ErrNotFound)
}

// Imports implements [ledger.Reader].
func (l *Ledger) Imports(ctx context.Context) iter.Seq2[ledger.Import, error] {
	return l.pointed(ctx, partitionImports)
}

// LaterCommands yields the later commands over an import, newest first. It stops at an error.
func (l *Ledger) LaterCommands(ctx context.Context, importID string) iter.Seq2[ledger.Import, error] {
	return l.pointed(ctx, laterPartition(importID))
}

// pointed yields the imports to which a partition points, newest first.
func (l *Ledger) pointed(ctx context.Context, partition string) iter.Seq2[ledger.Import, error] {
	return func(yield func(ledger.Import, error) bool) {
		for pointer, err := range l.table.Query(ctx, partition, table.Query{NewestFirst: true}) {
			if err != nil {
				yield(ledger.Import{}, fmt.Errorf("ledger: list imports: %w", err))
				return
			}
			i, err := l.Import(ctx, table.PointedTo(pointer))
			if errors.Is(err, ledger.ErrNotFound) {
				continue // it has expired, and its pointer will soon
			}
			if !yield(i, err) || err != nil {
				return
			}
		}
	}
}
