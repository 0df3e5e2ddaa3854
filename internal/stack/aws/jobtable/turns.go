package jobtable

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
)

// Two operators may give commands over an import at the same moment, and two programs would then change its devices.
// So an item has the latest command over an import. Whoever begins one, or opens one again, writes that item in the same
// transaction, on the condition that nobody else has since it was seen that the latest command is not at work.

const (
	sortTurn   = "turn"
	attrLatest = "latest" // the ID of the command
	attrTurn   = "n"      // how often the item was written
)

func turnKey(importID string) table.Item { return table.Key("turn#"+importID, sortTurn) }

// turns returns the actions of a transaction that give a command the turns on its imports; none for a command that
// changes nothing. The error is a *[stack.RunningError] if another command is at work on one of them. If the
// transaction is refused, somebody else was faster, and the caller asks again.
func (s *Store) turns(ctx context.Context, job *stack.Job) (actions []types.TransactWriteItem, err error) {
	if !job.Command.Recorded() {
		return nil, nil
	}
	for _, of := range job.Command.Of {
		item, err := s.table.Get(ctx, turnKey(of))
		if err != nil {
			return nil, err
		}
		if latest := table.Text(item, attrLatest); latest != "" && latest != job.Import {
			other, err := s.Get(ctx, latest)
			switch {
			case errors.Is(err, ledger.ErrNotFound): // it has expired
			case err != nil:
				return nil, err
			case other.AtWork():
				return nil, &stack.RunningError{Import: of, Verb: other.Command.Verb, Command: other.Import}
			}
		}
		seen := table.Number(item, attrTurn)
		turn := s.table.Kept(table.With(turnKey(of), table.Item{attrLatest: table.Str(job.Import), attrTurn: table.Num(seen + 1)}))
		condition, values := "attribute_not_exists(pk)", table.Item(nil)
		if seen > 0 {
			condition, values = attrTurn+" = :seen", table.Item{":seen": table.Num(seen)}
		}
		actions = append(actions, s.table.PutIf(turn, condition, values))
	}
	return actions, nil
}

// Command creates the job of a later command, whose import and upload the caller sets, and makes further actions in the
// same transaction. It returns an error if there is a job already, which is a *[stack.RunningError] if another command
// is at work on one of its imports.
func (s *Store) Command(ctx context.Context, begin stack.Job, further ...types.TransactWriteItem) error {
	begin.Created, begin.Updated, begin.Generation = s.table.Now().UTC(), s.table.Now().UTC(), 0
	values, err := jobItem(&begin)
	if err != nil {
		return err
	}
	actions := append([]types.TransactWriteItem{
		s.table.PutNew(s.table.Kept(table.With(jobKey(begin.Import), values))),
		s.table.PutAny(s.table.Kept(table.Key(partitionOpen, begin.Import))),
		s.table.PutAny(s.table.Kept(table.PointerKey(partitionJobs, begin.Created, begin.Import))),
	}, further...)
	failed := func(err error) error { return fmt.Errorf("ledger: begin command %s: %w", begin.Import, err) }
	for {
		turns, err := s.turns(ctx, &begin)
		if err != nil {
			return failed(err)
		}
		refused, err := s.table.Transact(ctx, slices.Concat(actions, turns))
		switch {
		case err != nil:
			return failed(err)
		case refused == nil:
			return nil
		}
		for held := range refused.Held {
			if held < len(actions) {
				return failed(errors.New("it exists already"))
			}
		}
	}
}
