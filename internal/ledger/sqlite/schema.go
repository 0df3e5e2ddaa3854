package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/thingpress/thingpress/internal/ledger"
)

// applicationID is "TPld" in the header of the file (PRAGMA application_id).
const applicationID = 0x54506c64

// schemaVersion is the format of the file (PRAGMA user_version). A change of the schema must
// increment it and upgrade older files when they are opened for writing.
const schemaVersion = 1

// schema stores entries in the order of the manifests, so that an import appends. Values that
// repeat from device to device are stored once (steps) or as a number (outcome). A certificate
// ID is stored as its 32 bytes, and an ARN that follows from target and certificate ID as "*".
// Times are microseconds since 1970 in UTC, or 0 for none.
const schema = `
CREATE TABLE imports (
	seq       INTEGER PRIMARY KEY,
	id        TEXT NOT NULL UNIQUE,
	key       TEXT NOT NULL,
	target    TEXT NOT NULL,
	manifests TEXT NOT NULL,
	settings  TEXT NOT NULL,
	begun     INTEGER NOT NULL,
	ended     INTEGER NOT NULL,
	state     TEXT NOT NULL,
	cause     TEXT NOT NULL,
	entries   INTEGER NOT NULL,
	imported  INTEGER NOT NULL DEFAULT 0,
	unchanged INTEGER NOT NULL DEFAULT 0,
	failed    INTEGER NOT NULL DEFAULT 0,
	rejected  INTEGER NOT NULL DEFAULT 0,
	skipped   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX imports_key ON imports (key, seq);
CREATE TABLE steps (
	id    INTEGER PRIMARY KEY,
	steps TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE entries (
	import      INTEGER NOT NULL,
	manifest    INTEGER NOT NULL,
	entry       INTEGER NOT NULL,
	line        INTEGER NOT NULL,
	outcome     INTEGER NOT NULL,
	id          TEXT NOT NULL,
	thing       TEXT NOT NULL,
	certificate ANY NOT NULL,
	arn         TEXT NOT NULL,
	reason      TEXT NOT NULL,
	detail      TEXT NOT NULL,
	steps       INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	PRIMARY KEY (import, manifest, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE marks (
	import      INTEGER NOT NULL,
	manifest    INTEGER NOT NULL,
	entry       INTEGER NOT NULL,
	certificate ANY NOT NULL,
	thing       TEXT NOT NULL,
	at          INTEGER NOT NULL,
	PRIMARY KEY (import, manifest, entry)
) STRICT, WITHOUT ROWID;
`

// identify returns an error unless the database is empty or a ledger of a known format.
func identify(ctx context.Context, db *sql.DB, path string) (empty bool, err error) {
	var application, version, tables int
	row := db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`)
	if err := row.Scan(&application, &version, &tables); err != nil {
		return false, explain(path, err)
	}
	switch {
	case application == 0 && version == 0 && tables == 0:
		return true, nil
	case application != applicationID:
		return false, notALedger(path)
	case version > schemaVersion:
		return false, &ledger.FileError{
			Path: path, Reason: ledger.FileTooNew,
			Problem: fmt.Sprintf("written by a newer Thingpress (format %d, this one knows %d)", version, schemaVersion),
		}
	}
	return false, nil
}

// create creates all tables in an empty database, or none.
func create(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	text := fmt.Sprintf("%s\nPRAGMA application_id = %d; PRAGMA user_version = %d;", schema, applicationID, schemaVersion)
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return err
	}
	return tx.Commit()
}
