package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/thingpress/thingpress/internal/ledger"
)

// Devices of one import have the same few lists of steps. The file stores each list once, and
// entries refer to it by number; 0 is the empty list.

// maxKnown limits the number of lists in memory.
const maxKnown = 1024

// stepsCache contains decoded lists by number.
type stepsCache map[int64][]ledger.Step

func (c stepsCache) decode(number int64, text []byte) ([]ledger.Step, error) {
	if number == 0 {
		return nil, nil
	}
	steps, ok := c[number]
	if !ok {
		if err := json.Unmarshal(text, &steps); err != nil {
			return nil, fmt.Errorf("steps %d: %w", number, err)
		}
		if len(c) >= maxKnown {
			clear(c)
		}
		c[number] = steps
	}
	return slices.Clone(steps), nil
}

// stepNumbers contains the numbers of lists by their JSON. It must be cleared when a
// transaction that used it fails.
type stepNumbers map[string]int64

func (n stepNumbers) number(ctx context.Context, tx *sql.Tx, steps []ledger.Step) (int64, error) {
	if len(steps) == 0 {
		return 0, nil
	}
	text, err := json.Marshal(steps)
	if err != nil {
		return 0, err
	}
	if number, ok := n[string(text)]; ok {
		return number, nil
	}
	number, err := lookUpOrInsert(ctx, tx, string(text))
	if err != nil {
		return 0, err
	}
	if len(n) >= maxKnown {
		clear(n)
	}
	n[string(text)] = number
	return number, nil
}

func lookUpOrInsert(ctx context.Context, tx *sql.Tx, text string) (number int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT id FROM steps WHERE steps = ?`, text).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, `INSERT INTO steps (steps) VALUES (?) RETURNING id`, text).Scan(&number)
	}
	return number, err
}
