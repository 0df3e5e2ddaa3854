package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A writer has the only connection that writes.
type writer struct {
	db   *sql.DB
	path string

	upsert, mark, unmark, earlier, existed, asked *batch

	mu       sync.Mutex // held from the beginning of a transaction to its end
	steps    textNumbers
	settings textNumbers
	ended    bool // imports that were killed are recorded as interrupted
}

func newWriter(ctx context.Context, db *sql.DB, path string) (w *writer, err error) {
	w = &writer{db: db, path: path, steps: newStepNumbers(), settings: newSettingsNumbers()}
	for _, b := range []struct {
		to            **batch
		columns       int
		before, after string
	}{
		{&w.upsert, 13, `INSERT OR REPLACE INTO entries VALUES `, ``},
		{&w.mark, 6, `INSERT OR IGNORE INTO marks VALUES `, ``},
		{&w.existed, 3, `INSERT OR IGNORE INTO existed VALUES `, ``},
		{&w.asked, 4, `INSERT OR REPLACE INTO asked VALUES `, ``},
		{&w.unmark, 3, `DELETE FROM marks WHERE (import, manifest, entry) IN (VALUES `, `)`},
		// CROSS JOIN prevents SQLite from scanning the entries for each place.
		{&w.earlier, 3, `WITH places (i, m, e) AS (VALUES `, `)
			SELECT manifest, entry, outcome, coalesce(steps.steps, '') FROM places
			CROSS JOIN entries ON import = i AND manifest = m AND entry = e
			LEFT JOIN steps ON steps.id = entries.steps`},
	} {
		if *b.to, err = prepareBatch(ctx, db, b.columns, b.before, b.after); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// close closes the database. A last checkpoint merges it into one file.
func (w *writer) close() error { return explain(w.path, w.db.Close()) }

// write runs do in one transaction and returns after it is durable. It does not begin if ctx
// has ended, but never interrupts a transaction, because its caller would not know what the
// file contains.
func (w *writer) write(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return explain(w.path, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	err = do(ctx, tx)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		clear(w.steps.known) // this transaction may have assigned some of them
		clear(w.settings.known)
	}
	return explain(w.path, err)
}

// endKilled records once that imports which run are interrupted. Their processes were killed, since
// this one has the lock. The first journal must not be open yet.
func (w *writer) endKilled(ctx context.Context, tx *sql.Tx) error {
	if w.ended {
		return nil
	}
	w.ended = true
	_, err := tx.ExecContext(ctx, `UPDATE imports SET state = ?, cause = ? WHERE state = ?`,
		string(ledger.StateInterrupted), ledger.CauseKilled, string(ledger.StateRunning))
	return err
}

// Begin durably records a new import. An ID that the ledger has is an error.
func (l *Ledger) Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error) {
	if i.ID == "" || i.Key == "" {
		return nil, fmt.Errorf("ledger %s: begin: an import needs an ID and a key", l.path)
	}
	target, err := json.Marshal(i.Target)
	if err != nil {
		return nil, err
	}
	manifests, err := json.Marshal(i.Manifests)
	if err != nil {
		return nil, err
	}
	of, err := json.Marshal(append([]string{}, i.Of...))
	if err != nil {
		return nil, err
	}
	entries := 0
	for _, m := range i.Manifests {
		entries += m.Entries
	}
	j := &journal{ledger: l, imported: i}
	err = l.writer.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := l.writer.endKilled(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `INSERT INTO imports (id, key, target, manifests, settings, begun, ended, state, cause, entries,
			verb, subjects) VALUES (?, ?, ?, ?, ?, ?, 0, ?, '', ?, ?, ?) RETURNING seq`,
			i.ID, i.Key, string(target), string(manifests), i.Settings, packTime(i.Begun), string(ledger.StateRunning), entries,
			i.Verb, string(of)).Scan(&j.seq)
	})
	if err != nil {
		return nil, fmt.Errorf("begin import %s: %w", i.ID, err)
	}
	return j, nil
}

// Resume opens the journal of an existing import. The error wraps [ledger.ErrNotFound] if there is none. The lock of the
// file keeps other processes from opening one at the same time.
func (l *Ledger) Resume(ctx context.Context, id string) (ledger.Journal, error) {
	j := &journal{ledger: l}
	err := l.writer.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		j.seq, j.imported, err = importBy(ctx, tx, schemaVersion, `WHERE id = ?`, id)
		if errors.Is(err, sql.ErrNoRows) {
			return ledger.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := l.writer.endKilled(ctx, tx); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE imports SET state = ?, cause = '' WHERE seq = ?`, string(ledger.StateRunning), j.seq)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("resume import %s: %w", id, err)
	}
	return j, nil
}
