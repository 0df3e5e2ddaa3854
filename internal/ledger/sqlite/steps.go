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

// textNumbers contains the numbers of texts in a table that has each of them once. It must be cleared
// when a transaction that used it fails.
type textNumbers struct {
	known map[string]int64
	// find and insert are the statements of the table.
	find, insert string
}

func newStepNumbers() textNumbers {
	return textNumbers{
		map[string]int64{}, `SELECT id FROM steps WHERE steps = ?`, `INSERT INTO steps (steps) VALUES (?) RETURNING id`,
	}
}

func newSettingsNumbers() textNumbers {
	return textNumbers{
		map[string]int64{}, `SELECT id FROM settings WHERE settings = ?`, `INSERT INTO settings (settings) VALUES (?) RETURNING id`,
	}
}

func (n textNumbers) ofSteps(ctx context.Context, tx *sql.Tx, steps []ledger.Step) (int64, error) {
	if len(steps) == 0 {
		return 0, nil
	}
	text, err := json.Marshal(steps)
	if err != nil {
		return 0, err
	}
	return n.of(ctx, tx, string(text))
}

// of returns the number of a text, which it adds to the table if it is new.
func (n textNumbers) of(ctx context.Context, tx *sql.Tx, text string) (number int64, err error) {
	if number, ok := n.known[text]; ok {
		return number, nil
	}
	err = tx.QueryRowContext(ctx, n.find, text).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, n.insert, text).Scan(&number)
	}
	if err != nil {
		return 0, err
	}
	if len(n.known) >= maxKnown {
		clear(n.known)
	}
	n.known[text] = number
	return number, nil
}
