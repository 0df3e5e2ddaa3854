package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A journal implements [ledger.Journal] for one import. It is stricter: a call writes
// everything or, with an error, nothing.
type journal struct {
	ledger   *Ledger
	seq      int64
	imported ledger.Import // as it was when the journal was opened
	closed   atomic.Bool
}

// write calls [writer.write] if the journal is open, and adds the import's ID to errors.
func (j *journal) write(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	err := ledger.ErrClosed
	if !j.closed.Load() {
		err = j.ledger.writer.write(ctx, do)
	}
	if err != nil {
		return fmt.Errorf("import %s: %w", j.imported.ID, err)
	}
	return nil
}

// within returns an error for a place outside the import. The outcome of an entry that does not
// exist would make the counts wrong permanently.
func (j *journal) within(p ledger.Place) error {
	if m := j.imported.Manifests; p.Manifest < 0 || p.Manifest >= len(m) || p.Entry < 0 || p.Entry >= m[p.Manifest].Entries {
		return fmt.Errorf("entry %d of manifest %d is outside of the import", p.Entry, p.Manifest)
	}
	return nil
}

// Mark records that the entries are in flight.
func (j *journal) Mark(ctx context.Context, marks []ledger.Mark) error {
	return j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		args := make([]any, 0, len(marks)*j.ledger.writer.mark.columns)
		var asked []any
		for _, m := range marks {
			if err := j.within(m.Place); err != nil {
				return err
			}
			args = append(args, j.seq, m.Manifest, m.Entry, packCertificate(m.CertificateID), m.ThingName, packTime(m.At))
			if m.Settings == "" {
				continue
			}
			number, err := j.ledger.writer.settings.of(ctx, tx, m.Settings)
			if err != nil {
				return err
			}
			asked = append(asked, j.seq, m.Manifest, m.Entry, number)
		}
		if err := j.ledger.writer.asked.exec(ctx, tx, asked); err != nil {
			return err
		}
		return j.ledger.writer.mark.exec(ctx, tx, args)
	})
}

// Marked yields the marks of entries that have not been recorded since.
func (j *journal) Marked(ctx context.Context) iter.Seq2[ledger.Mark, error] {
	return func(yield func(ledger.Mark, error) bool) {
		if j.closed.Load() {
			yield(ledger.Mark{}, fmt.Errorf("import %s: %w", j.imported.ID, ledger.ErrClosed))
			return
		}
		for m, err := range j.ledger.Marks(ctx, j.imported.ID) {
			if !yield(m, err) {
				return
			}
		}
	}
}

// Close records how the run ended.
func (j *journal) Close(ctx context.Context, end ledger.End) error {
	if err := end.Check(); err != nil {
		return err
	}
	err := j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE imports SET state = ?, cause = ?, ended = ? WHERE seq = ?`,
			string(end.State), end.Cause, packTime(end.At), j.seq)
		return err
	})
	if err == nil {
		j.closed.Store(true)
	}
	return err
}

// Record records outcomes and counts them in the same transaction.
func (j *journal) Record(ctx context.Context, records []ledger.Record) error {
	return j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		places := make([]any, 0, len(records)*j.ledger.writer.unmark.columns)
		for _, r := range records {
			if err := j.within(r.Place); err != nil {
				return err
			}
			places = append(places, j.seq, r.Manifest, r.Entry)
		}
		earlier, err := j.earlier(ctx, tx, places)
		if err != nil {
			return err
		}
		var change ledger.Counts
		rows := make([]any, 0, len(records)*j.ledger.writer.upsert.columns)
		for _, r := range records {
			old := earlier[r.Place]
			r.Steps = ledger.MergeSteps(old.Steps, r.Steps)
			if rows, err = j.appendRow(ctx, tx, rows, r); err != nil {
				return fmt.Errorf("entry %d of manifest %d: %w", r.Entry, r.Manifest, err)
			}
			change.Add(old.Outcome, -1)
			change.Add(r.Outcome, 1)
			earlier[r.Place] = r // for a second record of the entry in this call
		}
		if err := j.ledger.writer.upsert.exec(ctx, tx, rows); err != nil {
			return err
		}
		if err := j.ledger.writer.unmark.exec(ctx, tx, places); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE imports SET imported = imported + ?, unchanged = unchanged + ?,
			failed = failed + ?, rejected = rejected + ?, skipped = skipped + ?, changed = changed + ?, kept = kept + ? WHERE seq = ?`,
			change.Imported, change.Unchanged, change.Failed, change.Rejected, change.Skipped, change.Changed, change.Kept, j.seq)
		return err
	})
}

// earlier returns outcome and steps of the entries that already have a record.
func (j *journal) earlier(ctx context.Context, tx *sql.Tx, places []any) (map[ledger.Place]ledger.Record, error) {
	found := make(map[ledger.Place]ledger.Record, len(places)/j.ledger.writer.earlier.columns)
	err := j.ledger.writer.earlier.each(ctx, tx, places, func(stmt *sql.Stmt, args []any) error {
		rows, err := stmt.QueryContext(ctx, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // its error is that of rows.Err
		for rows.Next() {
			var r ledger.Record
			var outcome int
			var steps []byte
			if err := rows.Scan(&r.Manifest, &r.Entry, &outcome, &steps); err != nil {
				return err
			}
			if r.Outcome, err = outcomeOf(outcome); err != nil {
				return err
			}
			if len(steps) > 0 {
				if err := json.Unmarshal(steps, &r.Steps); err != nil {
					return err
				}
			}
			found[r.Place] = r
		}
		return rows.Err()
	})
	return found, err
}

func (j *journal) appendRow(ctx context.Context, tx *sql.Tx, rows []any, r ledger.Record) ([]any, error) {
	outcome, err := outcomeNumber(r.Outcome)
	if err != nil {
		return nil, err
	}
	steps, err := j.ledger.writer.steps.ofSteps(ctx, tx, r.Steps)
	if err != nil {
		return nil, err
	}
	return append(rows, j.seq, r.Manifest, r.Entry, r.Line, outcome, r.ID, r.ThingName, packCertificate(r.CertificateID),
		packARN(j.imported.Target, r.CertificateID, r.CertificateARN), r.Reason, r.Detail, steps, packTime(r.At)), nil
}
