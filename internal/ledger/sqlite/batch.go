package sqlite

import (
	"context"
	"database/sql"
	"strings"
)

// A batch is a statement for many rows, prepared for several numbers of rows, since one
// statement of 50 rows costs far less than 50 statements.
type batch struct {
	columns int
	stmts   []sized
}

type sized struct {
	rows int
	stmt *sql.Stmt
}

// prepareBatch prepares a statement that consists of before, the rows as (?,…),(?,…), and
// after.
func prepareBatch(ctx context.Context, db *sql.DB, columns int, before, after string) (*batch, error) {
	b := &batch{columns: columns}
	row := "(" + strings.Repeat("?,", columns-1) + "?)"
	for _, rows := range []int{50, 10, 1} {
		stmt, err := db.PrepareContext(ctx, before+strings.Repeat(row+",", rows-1)+row+after)
		if err != nil {
			return nil, err
		}
		b.stmts = append(b.stmts, sized{rows, stmt})
	}
	return b, nil
}

// exec runs the statement for args, which contain the columns of each row.
func (b *batch) exec(ctx context.Context, tx *sql.Tx, args []any) error {
	return b.each(ctx, tx, args, func(stmt *sql.Stmt, args []any) error {
		_, err := stmt.ExecContext(ctx, args...)
		return err
	})
}

// each splits args over the prepared statements and calls do for each of them.
func (b *batch) each(ctx context.Context, tx *sql.Tx, args []any, do func(*sql.Stmt, []any) error) error {
	for _, s := range b.stmts {
		for n := s.rows * b.columns; len(args) >= n; args = args[n:] {
			if err := do(tx.StmtContext(ctx, s.stmt), args[:n]); err != nil {
				return err
			}
		}
	}
	return nil
}
