package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/thingpress/thingpress/internal/ledger"
)

// applicationID is "TPld" in the header of the file (PRAGMA application_id).
const applicationID = 0x54506c64

// schemaVersion is the format of the file (PRAGMA user_version). A change of the schema must
// increment it and add to upgrades, which are applied to older files when they are opened for
// writing.
const schemaVersion = 3

// settingsVersion is the first format that has [entrySettings].
const settingsVersion = 3

// upgrades are the statements that bring a file from the format before to each format. A new file
// gets them as well, so that it equals an old one that was upgraded.
var upgrades = [schemaVersion + 1]string{1: schema, 2: laterCommands, 3: entrySettings}

// entrySettings has what entries ask for their own devices, each text once. An import whose entries ask for
// nothing has no rows in it.
const entrySettings = `
CREATE TABLE settings (
	id       INTEGER PRIMARY KEY,
	settings TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE asked (
	import   INTEGER NOT NULL,
	manifest INTEGER NOT NULL,
	entry    INTEGER NOT NULL,
	settings INTEGER NOT NULL,
	PRIMARY KEY (import, manifest, entry)
) STRICT, WITHOUT ROWID;
`

// laterCommands makes a row of imports a later command if it has a verb, such as "undo"; subjects
// are the IDs of its imports as JSON. Baseline is when the things of the account were listed before
// the first call, and existed has the entries whose thing was among them.
const laterCommands = `
ALTER TABLE imports ADD COLUMN verb TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN subjects TEXT NOT NULL DEFAULT '[]';
ALTER TABLE imports ADD COLUMN baseline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
CREATE TABLE existed (
	import   INTEGER NOT NULL,
	manifest INTEGER NOT NULL,
	entry    INTEGER NOT NULL,
	PRIMARY KEY (import, manifest, entry)
) STRICT, WITHOUT ROWID;
`

// schema is that of the first format. It stores entries in the order of the manifests, so that an
// import appends. Values that repeat from device to device are stored once (steps) or as a number
// (outcome). A certificate ID is stored as its 32 bytes, and an ARN that follows from target and
// certificate ID as "*". Times are microseconds since 1970 in UTC, or 0 for none.
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

// identify returns the format of a ledger, and 0 for an empty database. It returns an error for
// anything else.
func identify(ctx context.Context, db *sql.DB, path string) (version int, err error) {
	var application, tables int
	row := db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`)
	if err := row.Scan(&application, &version, &tables); err != nil {
		return 0, explain(path, err)
	}
	switch {
	case application == 0 && version == 0 && tables == 0:
		return 0, nil
	case application != applicationID || version < 1:
		return 0, notALedger(path)
	case version > schemaVersion:
		return 0, &ledger.FileError{
			Path: path, Reason: ledger.FileTooNew,
			Problem: fmt.Sprintf("written by a newer Thingpress (format %d, this one knows %d)", version, schemaVersion),
		}
	}
	return version, nil
}

// upgrade brings a database to the current format, or changes nothing. An empty one has version 0.
func upgrade(ctx context.Context, db *sql.DB, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	text := strings.Join(upgrades[version+1:], "\n")
	text += fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion)
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return err
	}
	return tx.Commit()
}

// copyBefore writes a copy of the ledger next to it, as it is before it is upgraded from a version,
// and returns its path.
func copyBefore(ctx context.Context, db *sql.DB, path string, version int) (string, error) {
	to := fmt.Sprintf("%s.format-%d", path, version)
	// A process that is killed here leaves this file, which the next one removes: it holds the lock.
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	// SQLite writes into an empty file, and leaves its permissions.
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(part) }() // does nothing after Rename
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, part)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	return to, os.Rename(part, to)
}
