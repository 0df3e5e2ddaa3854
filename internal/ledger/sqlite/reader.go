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
	db      *sql.DB
	path    string
	version int // format of the file
}

// Close closes the ledger. Iterations in progress fail.
func (r *Reader) Close() error { return explain(r.path, r.db.Close()) }

// importColumns returns the columns that scanImport reads from a file of a format.
func importColumns(version int) string {
	columns := `seq, id, key, target, manifests, settings, begun, ended, state, cause,
		entries, imported, unchanged, failed, rejected, skipped, `
	if version < 2 {
		return columns + `0, 0, '', '[]', 0`
	}
	return columns + `changed, kept, verb, subjects, baseline`
}

// Import returns one import or later command, or an error that wraps [ledger.ErrNotFound].
func (r *Reader) Import(ctx context.Context, id string) (ledger.Import, error) {
	_, i, err := importBy(ctx, r.db, r.version, `WHERE id = ?`, id)
	return i, r.notFound(err, "import "+id)
}

// Find returns the newest import of a key, or an error that wraps [ledger.ErrNotFound].
func (r *Reader) Find(ctx context.Context, key string) (ledger.Import, error) {
	_, i, err := importBy(ctx, r.db, r.version, `WHERE key = ? ORDER BY seq DESC LIMIT 1`, key)
	return i, r.notFound(err, "import of key "+key)
}

// Imports yields all imports, newest first.
func (r *Reader) Imports(ctx context.Context) iter.Seq2[ledger.Import, error] {
	if r.version < 2 {
		return r.rows(ctx, ``)
	}
	return r.rows(ctx, `WHERE verb = ''`)
}

// LaterCommands yields the later commands over the devices of an import, newest first, or those over
// manifests if the ID is empty.
func (r *Reader) LaterCommands(ctx context.Context, id string) iter.Seq2[ledger.Import, error] {
	switch {
	case r.version < 2:
		return func(func(ledger.Import, error) bool) {}
	case id == "":
		return r.rows(ctx, `WHERE verb != '' AND subjects = '[]'`)
	}
	return r.rows(ctx, `WHERE verb != '' AND EXISTS (SELECT 1 FROM json_each(subjects) WHERE value = ?)`, id)
}

func (r *Reader) rows(ctx context.Context, where string, args ...any) iter.Seq2[ledger.Import, error] {
	return func(yield func(ledger.Import, error) bool) {
		//nolint:gosec // the parts of the statement are constants of this package
		rows, err := r.db.QueryContext(ctx, `SELECT `+importColumns(r.version)+` FROM imports `+where+` ORDER BY seq DESC`, args...)
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
		seq, i, err := importBy(ctx, r.db, r.version, `WHERE id = ?`, id)
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

// Marks yields the marks of entries of an import that have not been recorded since, in the order of
// manifest and entry. It stops at an error, which wraps [ledger.ErrNotFound] if there is no such
// import.
func (r *Reader) Marks(ctx context.Context, id string) iter.Seq2[ledger.Mark, error] {
	return func(yield func(ledger.Mark, error) bool) {
		seq, _, err := importBy(ctx, r.db, r.version, `WHERE id = ?`, id)
		if err != nil {
			yield(ledger.Mark{}, r.notFound(err, "import "+id))
			return
		}
		rows, err := r.db.QueryContext(ctx, `SELECT manifest, entry, certificate, thing, at
			FROM marks WHERE import = ? ORDER BY manifest, entry`, seq)
		scan := func() (m ledger.Mark, err error) {
			var certificate any
			var at int64
			err = rows.Scan(&m.Manifest, &m.Entry, &certificate, &m.ThingName, &at)
			m.CertificateID, m.At = unpackCertificate(certificate), unpackTime(at)
			return m, err
		}
		each(r.path, rows, err, scan, yield)
	}
}

// Settings implements [ledger.SettingsReader].
func (r *Reader) Settings(ctx context.Context, id string) iter.Seq2[ledger.Asked, error] {
	return func(yield func(ledger.Asked, error) bool) {
		seq, _, err := importBy(ctx, r.db, r.version, `WHERE id = ?`, id)
		if err != nil {
			yield(ledger.Asked{}, r.notFound(err, "import "+id))
			return
		}
		if r.version < settingsVersion {
			return
		}
		rows, err := r.db.QueryContext(ctx, `SELECT manifest, entry, settings.settings
			FROM asked JOIN settings ON settings.id = asked.settings WHERE import = ? ORDER BY manifest, entry`, seq)
		each(r.path, rows, err, func() (a ledger.Asked, err error) { return a, rows.Scan(&a.Manifest, &a.Entry, &a.Settings) }, yield)
	}
}

// SettingsOf returns what one entry of an import asked for its own device, as [ledger.Mark] has it; empty for
// nothing.
func (r *Reader) SettingsOf(ctx context.Context, id string, at ledger.Place) (text string, err error) {
	if r.version < settingsVersion {
		return "", nil
	}
	err = r.db.QueryRowContext(ctx, `SELECT settings.settings FROM asked JOIN settings ON settings.id = asked.settings
		JOIN imports ON imports.seq = import WHERE imports.id = ? AND manifest = ? AND entry = ?`, id, at.Manifest, at.Entry).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return text, explain(r.path, err)
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

func importBy(ctx context.Context, q querier, version int, where string, arg any) (int64, ledger.Import, error) {
	return scanImport(q.QueryRowContext(ctx, `SELECT `+importColumns(version)+` FROM imports `+where, arg))
}

func scanImport(row interface{ Scan(...any) error }) (seq int64, i ledger.Import, err error) {
	var target, manifests, of []byte
	var begun, ended, baseline int64
	err = row.Scan(&seq, &i.ID, &i.Key, &target, &manifests, &i.Settings, &begun, &ended, &i.State, &i.Cause,
		&i.Counts.Entries, &i.Counts.Imported, &i.Counts.Unchanged, &i.Counts.Failed, &i.Counts.Rejected, &i.Counts.Skipped,
		&i.Counts.Changed, &i.Counts.Kept, &i.Verb, &of, &baseline)
	if err != nil {
		return 0, ledger.Import{}, err
	}
	i.Begun, i.Ended, i.Baseline = unpackTime(begun), unpackTime(ended), unpackTime(baseline)
	err = errors.Join(json.Unmarshal(target, &i.Target), json.Unmarshal(manifests, &i.Manifests), json.Unmarshal(of, &i.Of))
	if len(i.Of) == 0 {
		i.Of = nil
	}
	if err != nil {
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
