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

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
)

// Attributes of an import, beside those that its JSON holds.
const (
	attrData  = "data" // JSON of what does not change
	attrState = "state"
	attrCause = "cause"
	attrEnded = "ended"
)

// begun is what does not change in an import.
type begun struct {
	ID        string            `json:"id"`
	Key       string            `json:"key"`
	Target    ledger.Target     `json:"target"`
	Manifests []ledger.Manifest `json:"manifests"`
	Settings  string            `json:"settings"`
	Begun     time.Time         `json:"begun"`
}

// Begin implements [ledger.Ledger].
func (l *Ledger) Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error) {
	data, err := json.Marshal(begun{i.ID, i.Key, i.Target, i.Manifests, i.Settings, i.Begun})
	if err != nil {
		return nil, fmt.Errorf("ledger: import %s: %w", i.ID, err)
	}
	refused, err := l.transact(ctx, []types.TransactWriteItem{
		l.putNew(l.kept(with(key(importPartition(i.ID), sortImport), item{
			attrData: str(string(data)), attrState: str(string(ledger.StateRunning)),
		}))),
		l.putAny(l.kept(pointerKey(partitionImports, i.Begun, i.ID))),
		l.putAny(l.kept(pointerKey("key#"+i.Key, i.Begun, i.ID))),
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: begin import %s: %w", i.ID, err)
	}
	if refused != nil {
		return nil, fmt.Errorf("ledger: begin import %s: it is there already", i.ID)
	}
	return l.journal(i.ID, i.Manifests), nil
}

// Resume implements [ledger.Ledger]. It is one call, however large the import,
// and several journals of one import may be open at once.
func (l *Ledger) Resume(ctx context.Context, id string) (ledger.Journal, error) {
	values := item{":running": str(string(ledger.StateRunning))}
	out, err := l.update(ctx, &dynamodb.UpdateItemInput{
		TableName: &l.table, Key: key(importPartition(id), sortImport),
		ConditionExpression:       ptr("attribute_exists(pk)"),
		UpdateExpression:          l.renewed("SET #state = :running REMOVE #cause", values),
		ExpressionAttributeNames:  map[string]string{"#state": attrState, "#cause": attrCause},
		ExpressionAttributeValues: values,
		ReturnValues:              types.ReturnValueAllNew,
	})
	var missing *types.ConditionalCheckFailedException
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("ledger: import %s: %w", id, ledger.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: resume import %s: %w", id, err)
	}
	i, err := importOf(out.Attributes)
	if err != nil {
		return nil, err
	}
	return l.journal(id, i.Manifests), nil
}

func (l *Ledger) journal(id string, manifests []ledger.Manifest) *journal {
	return &journal{ledger: l, id: id, manifests: manifests, closed: &atomic.Bool{}}
}

// Import implements [ledger.Reader]. What it returns is no older than the call.
func (l *Ledger) Import(ctx context.Context, id string) (ledger.Import, error) {
	found, err := l.loadImport(ctx, id)
	if err != nil {
		return ledger.Import{}, fmt.Errorf("ledger: import %s: %w", id, err)
	}
	return found, nil
}

// loadImport reads an import with its counters, which are in one partition.
func (l *Ledger) loadImport(ctx context.Context, id string) (ledger.Import, error) {
	var found ledger.Import
	var counts ledger.Counts
	for i, err := range l.query(ctx, importPartition(id), query{consistent: true}) {
		if err != nil {
			return found, err
		}
		switch sk := text(i, attrSK); {
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

// Counts returns the entries of an import by outcome, no older than the call.
// It wraps [ledger.ErrNotFound].
func (l *Ledger) Counts(ctx context.Context, id string) (ledger.Counts, error) {
	i, err := l.Import(ctx, id)
	return i.Counts, err
}

func importOf(i item) (ledger.Import, error) {
	var b begun
	if err := json.Unmarshal([]byte(text(i, attrData)), &b); err != nil {
		return ledger.Import{}, fmt.Errorf("what the ledger holds is no import: %w", err)
	}
	return ledger.Import{
		ID: b.ID, Key: b.Key, Target: b.Target, Manifests: b.Manifests, Settings: b.Settings, Begun: b.Begun,
		State: ledger.State(text(i, attrState)), Cause: text(i, attrCause), Ended: instant(i, attrEnded),
	}, nil
}

// Find implements [ledger.Reader].
func (l *Ledger) Find(ctx context.Context, k string) (ledger.Import, error) {
	for pointer, err := range l.query(ctx, "key#"+k, query{consistent: true, newestFirst: true, limit: 1}) {
		if err != nil {
			return ledger.Import{}, fmt.Errorf("ledger: find an import: %w", err)
		}
		return l.Import(ctx, pointedTo(pointer))
	}
	return ledger.Import{}, fmt.Errorf("ledger: import of key %s: %w", k, ledger.ErrNotFound)
}

// Imports implements [ledger.Reader].
func (l *Ledger) Imports(ctx context.Context) iter.Seq2[ledger.Import, error] {
	return func(yield func(ledger.Import, error) bool) {
		for pointer, err := range l.query(ctx, partitionImports, query{consistent: true, newestFirst: true}) {
			if err != nil {
				yield(ledger.Import{}, fmt.Errorf("ledger: list imports: %w", err))
				return
			}
			i, err := l.Import(ctx, pointedTo(pointer))
			if errors.Is(err, ledger.ErrNotFound) {
				continue // its time is over, and the pointer's is soon
			}
			if !yield(i, err) || err != nil {
				return
			}
		}
	}
}
