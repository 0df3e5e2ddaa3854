package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A Reader reads a ledger. It implements [ledger.Reader] and is stricter: each iteration sees
// the ledger as it was at its beginning.
type Reader struct {
	db   *sql.DB
	path string
}

// Close closes the ledger. Iterations in progress fail.
func (r *Reader) Close() error { return explain(r.path, r.db.Close()) }

const importColumns = `seq, id, key, target, manifests, settings, begun, ended, state, cause,
	entries, imported, unchanged, failed, rejected, skipped`

// Import returns one import.
func (r *Reader) Import(ctx context.Context, id string) (ledger.Import, error) {
	_, i, err := importBy(ctx, r.db, `WHERE id = ?`, id)
	return i, r.notFound(err, "import "+id)
}

// Find returns the newest import of a key.
func (r *Reader) Find(ctx context.Context, key string) (ledger.Import, error) {
	_, i, err := importBy(ctx, r.db, `WHERE key = ? ORDER BY seq DESC LIMIT 1`, key)
	return i, r.notFound(err, "import of key "+key)
}

// Imports yields all imports, newest first.
func (r *Reader) Imports(ctx context.Context) iter.Seq2[ledger.Import, error] {
	return func(yield func(ledger.Import, error) bool) {
		rows, err := r.db.QueryContext(ctx, `SELECT `+importColumns+` FROM imports ORDER BY seq DESC`)
		scan := func() (ledger.Import, error) {
			_, i, err := scanImport(rows)
			return i, err
		}
		each(r.path, rows, err, scan, yield)
	}
}

// Records yields the latest record of each entry of an import.
func (r *Reader) Records(ctx context.Context, id string) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		seq, i, err := importBy(ctx, r.db, `WHERE id = ?`, id)
		if err != nil {
			yield(ledger.Record{}, r.notFound(err, "import "+id))
			return
		}
		rows, err := r.db.QueryContext(ctx, `SELECT manifest, entry, line, outcome, entries.id, thing, certificate, arn,
			reason, detail, entries.steps, coalesce(steps.steps, ''), at
			FROM entries LEFT JOIN steps ON steps.id = entries.steps
			WHERE import = ? ORDER BY manifest, entry`, seq)
		each(r.path, rows, err, recordScanner(rows, i.Target), yield)
	}
}

func (r *Reader) notFound(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("ledger %s: %s: %w", r.path, what, ledger.ErrNotFound)
	}
	return explain(r.path, err)
}

// each yields the result of scan for every row, and ends with an error if there is one.
func each[T any](path string, rows *sql.Rows, err error, scan func() (T, error), yield func(T, error) bool) {
	var none T
	if err != nil {
		yield(none, explain(path, err))
		return
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		item, err := scan()
		if err != nil {
			yield(none, explain(path, err))
			return
		}
		if !yield(item, nil) {
			return
		}
	}
	if err := rows.Err(); err != nil {
		yield(none, explain(path, err))
	}
}

// A querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func importBy(ctx context.Context, q querier, where string, arg any) (int64, ledger.Import, error) {
	return scanImport(q.QueryRowContext(ctx, `SELECT `+importColumns+` FROM imports `+where, arg))
}

func scanImport(row interface{ Scan(...any) error }) (seq int64, i ledger.Import, err error) {
	var target, manifests []byte
	var begun, ended int64
	err = row.Scan(&seq, &i.ID, &i.Key, &target, &manifests, &i.Settings, &begun, &ended, &i.State, &i.Cause,
		&i.Counts.Entries, &i.Counts.Imported, &i.Counts.Unchanged, &i.Counts.Failed, &i.Counts.Rejected, &i.Counts.Skipped)
	if err != nil {
		return 0, ledger.Import{}, err
	}
	i.Begun, i.Ended = unpackTime(begun), unpackTime(ended)
	if err := errors.Join(json.Unmarshal(target, &i.Target), json.Unmarshal(manifests, &i.Manifests)); err != nil {
		return 0, ledger.Import{}, fmt.Errorf("import %s: %w", i.ID, err)
	}
	return seq, i, nil
}

func recordScanner(rows *sql.Rows, target ledger.Target) func() (ledger.Record, error) {
	known := stepsCache{}
	return func() (r ledger.Record, err error) {
		var outcome int
		var steps, at int64
		var certificate any
		var text sql.RawBytes
		err = rows.Scan(&r.Manifest, &r.Entry, &r.Line, &outcome, &r.ID, &r.ThingName, &certificate, &r.CertificateARN,
			&r.Reason, &r.Detail, &steps, &text, &at)
		if err != nil {
			return ledger.Record{}, err
		}
		if r.Outcome, err = outcomeOf(outcome); err != nil {
			return ledger.Record{}, err
		}
		if r.Steps, err = known.decode(steps, text); err != nil {
			return ledger.Record{}, err
		}
		r.CertificateID = unpackCertificate(certificate)
		r.CertificateARN = unpackARN(target, r.CertificateID, r.CertificateARN)
		r.At = unpackTime(at)
		return r, nil
	}
}
