package jobtable

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
)

// SetOrder implements [stack.Orders].
func (s *Store) SetOrder(ctx context.Context, importID string, order stack.Order) (stack.Job, error) {
	order.At = order.At.UTC().Truncate(time.Microsecond)
	text, err := json.Marshal(order)
	if err != nil {
		return stack.Job{}, fmt.Errorf("ledger: order %s of import %s: %w", order.Kind, importID, err)
	}
	for {
		item, err := s.table.Get(ctx, jobKey(importID))
		if err == nil && len(item) == 0 {
			err = ledger.ErrNotFound
		}
		if err != nil {
			return stack.Job{}, fmt.Errorf("ledger: job of import %s: %w", importID, err)
		}
		job, err := jobOf(item)
		if err != nil {
			return stack.Job{}, err
		}
		if err := job.CheckOrder(order.Kind); err != nil {
			return job, err
		}
		u := table.Update{
			Key: jobKey(importID), If: "#phase = :phase AND attribute_not_exists(#order)", Set: []string{"#order = :order"},
			Values: table.Item{":phase": table.Str(job.Phase), ":order": table.Str(string(text))},
		}
		if standing := table.Text(item, attrOrder); standing != "" {
			u.If, u.Values[":standing"] = "#phase = :phase AND #order = :standing", table.Str(standing)
		}
		changed, ok, err := s.giveOrder(ctx, &job, order, u)
		if err != nil {
			return stack.Job{}, fmt.Errorf("ledger: order %s of import %s: %w", order.Kind, importID, err)
		}
		if ok {
			return changed, nil
		}
		// Somebody else has moved the job or given it an order.
	}
}

// giveOrder makes the update of an order, and returns the job with it. Ok is false if somebody else was faster. A
// command that is opened again takes the turns on its imports.
func (s *Store) giveOrder(ctx context.Context, job *stack.Job, order stack.Order, u table.Update) (changed stack.Job, ok bool, err error) {
	if job.Command == nil || order.Kind != stack.OrderRetry {
		item, ok, err := s.table.Update(ctx, u)
		if err == nil && ok {
			changed, err = jobOf(item)
		}
		return changed, ok, err
	}
	turns, err := s.turns(ctx, job)
	if err != nil {
		return changed, false, err
	}
	refused, err := s.table.Transact(ctx, append(turns, s.table.Updating(u)))
	changed = *job
	changed.Order = order
	return changed, refused == nil, err
}

// FinishOrder implements [stack.Orders].
func (s *Store) FinishOrder(ctx context.Context, importID string, order stack.Order) error {
	text, err := json.Marshal(order)
	if err == nil {
		_, _, err = s.table.Update(ctx, table.Update{
			Key: jobKey(importID), If: "#order = :order", Remove: []string{"#order"}, Values: table.Item{":order": table.Str(string(text))},
		})
	}
	if err != nil {
		return fmt.Errorf("ledger: finish order %s of import %s: %w", order.Kind, importID, err)
	}
	return nil
}

// Observe implements [stack.Orders].
func (s *Store) Observe(ctx context.Context, importID string, seen stack.Observed) error {
	text, err := json.Marshal(seen)
	if err == nil {
		_, _, err = s.table.Update(ctx, table.Update{
			Key: jobKey(importID), If: "attribute_exists(pk)", Set: []string{"#observed = :observed"},
			Values: table.Item{":observed": table.Str(string(text))},
		})
	}
	if err != nil {
		return fmt.Errorf("ledger: observe import %s: %w", importID, err)
	}
	return nil
}
