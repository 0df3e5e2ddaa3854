package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

var _ ledger.BaselineKeeper = (*journal)(nil)

// baselineGroup is how many places are bound at once.
const baselineGroup = 100

// RecordBaseline implements [ledger.BaselineKeeper].
func (j *journal) RecordBaseline(ctx context.Context, at time.Time, existed []ledger.Place) error {
	return j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var args []any
		// All at once would take four times the memory of the places.
		for group := range slices.Chunk(existed, baselineGroup) {
			args = args[:0]
			for _, p := range group {
				if err := j.within(p); err != nil {
					return err
				}
				args = append(args, j.seq, p.Manifest, p.Entry)
			}
			if err := j.ledger.writer.existed.exec(ctx, tx, args); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE imports SET baseline = ? WHERE seq = ?`, packTime(at), j.seq)
		return err
	})
}

// Baseline implements [ledger.BaselineKeeper].
func (j *journal) Baseline(ctx context.Context) (at time.Time, existed []ledger.Place, err error) {
	if j.closed.Load() {
		return at, nil, fmt.Errorf("import %s: %w", j.imported.ID, ledger.ErrClosed)
	}
	i, err := j.ledger.Import(ctx, j.imported.ID)
	if err != nil || i.Baseline.IsZero() {
		return at, nil, err
	}
	rows, err := j.ledger.db.QueryContext(ctx, `SELECT manifest, entry FROM existed WHERE import = ? ORDER BY manifest, entry`, j.seq)
	each(j.ledger.path, rows, err, func() (ledger.Place, error) {
		var p ledger.Place
		err := rows.Scan(&p.Manifest, &p.Entry)
		return p, err
	}, func(p ledger.Place, failed error) bool {
		existed, err = append(existed, p), failed
		return failed == nil
	})
	return i.Baseline, existed, err
}
