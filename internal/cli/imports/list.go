package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/xdg"
)

type listOptions struct {
	ledger string
	output terminal.Output
}

// NewList returns `thingpress imports`.
func NewList(streams terminal.Streams) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:   "imports",
		Short: "List the imports of this machine",
		Long: `List the imports in the ledgers of this machine, newest first, with ID, state,
numbers, target and manifests. An import may be running at the same time.`,
		Example: `  thingpress imports
  thingpress imports --ledger ./factory.db --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return listImports(c.Context(), o, streams) },
	}
	c.Flags().StringVar(&o.ledger, "ledger", "", "list only the imports of this `file` (default: "+defaultLedgers()+")")
	o.output.AddFlag(c)
	return c
}

func defaultLedgers() string {
	dir, err := xdg.StateDir()
	if err != nil {
		return "the state directory"
	}
	return filepath.Join(dir, "*.db")
}

// An importLine is an import as JSON.
type importLine struct {
	Type      string            `json:"type"`
	Import    string            `json:"import"`
	State     ledger.State      `json:"state"`
	Cause     string            `json:"cause,omitempty"`
	Begun     time.Time         `json:"begun"`
	Ended     *time.Time        `json:"ended,omitempty"`
	Counts    ledger.Counts     `json:"counts"`
	Pending   int               `json:"pending"`
	Target    ledger.Target     `json:"target"`
	Manifests []ledger.Manifest `json:"manifests"`
	Ledger    string            `json:"ledger"`
}

func listImports(ctx context.Context, o listOptions, streams terminal.Streams) error {
	paths := []string{o.ledger}
	if o.ledger == "" {
		var err error
		if paths, err = ledgersOfMachine(); err != nil {
			return err
		}
	}
	var found []importLine
	var unread error
	for _, path := range paths {
		lines, err := readImports(ctx, path)
		var file *ledger.FileError
		switch {
		case err == nil:
			found = append(found, lines...)
		case o.ledger != "" || ctx.Err() != nil:
			return err
		case errors.As(err, &file) && file.Reason == ledger.FileForeign:
			plain.Fprintf(streams.Err, "passed over: %v\n", err)
		default: // it must not hide the imports in the others
			plain.Fprintf(streams.Err, "warning: %v\n", err)
			unread = exit.Silently(exit.Incomplete)
		}
	}
	slices.SortStableFunc(found, func(a, b importLine) int { return b.Begun.Compare(a.Begun) })
	if o.output == terminal.JSON {
		return errors.Join(terminal.PrintLines(streams, found), unread)
	}
	if len(found) == 0 {
		plain.Fprintf(streams.Err, "no imports in %s\n", cmp.Or(o.ledger, defaultLedgers()))
		return unread
	}
	t := streams.Table(slices.Concat([]terminal.Column{{Name: "IMPORT"}, {Name: "STATE"}, {Name: "BEGUN", Drop: 5}}, CountColumns(),
		[]terminal.Column{{Name: "TARGET", Cut: true, Drop: 6}, {Name: "MANIFESTS", Cut: true}}))
	for _, line := range found {
		t.Row(line.cells(streams.OutTerminal)...)
	}
	return errors.Join(t.Flush(), unread)
}

// ledgersOfMachine returns the files that defaultLedgers describes. The directory's own name may have
// characters that a pattern gives a meaning to.
func ledgersOfMachine() ([]string, error) {
	dir, err := xdg.StateDir()
	if err != nil {
		return nil, &ledger.FileError{Reason: ledger.NoFile, Err: err}
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".db" {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

func readImports(ctx context.Context, path string) ([]importLine, error) {
	open, err := sqlite.IsOpen(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, missing := os.Stat(path); missing == nil {
			return nil, nil // no import has been started in it yet
		}
		return nil, exit.WithHint(err, "run thingpress imports without --ledger to list all imports")
	}
	if err != nil {
		return nil, err
	}
	var lines []importLine
	for i, err := range reader.Imports(ctx) {
		if err != nil {
			return nil, errors.Join(err, reader.Close())
		}
		i.Target.Endpoint = target.WithoutUser(i.Target.Endpoint)
		line := importLine{
			Type: "import", Import: i.ID, State: i.State, Cause: i.Cause, Begun: i.Begun, Counts: i.Counts,
			Pending: i.Counts.Pending(), Target: i.Target, Manifests: i.Manifests, Ledger: path,
		}
		if !i.Ended.IsZero() {
			line.Ended = &i.Ended
		}
		lines = append(lines, line)
	}
	if err := reader.Close(); err != nil || open {
		return lines, err
	}
	// It may have been opened and closed in the meantime.
	if open, err = sqlite.IsOpen(path); err != nil || open {
		return lines, err
	}
	for i := range lines {
		if lines[i].State == ledger.StateRunning {
			lines[i].State, lines[i].Cause = ledger.StateInterrupted, ledger.CauseKilled
		}
	}
	return lines, nil
}

func (l importLine) cells(terminal bool) []string {
	begun := l.Begun.UTC().Format(time.RFC3339)
	if terminal {
		begun = l.Begun.Local().Format(Minute)
	}
	names := make([]string, len(l.Manifests))
	for i, m := range l.Manifests {
		names[i] = m.Name
		if terminal {
			names[i] = filepath.Base(m.Name)
		}
	}
	return slices.Concat([]string{l.Import, string(l.State), begun}, CountCells(l.Counts),
		[]string{TargetName(l.Target), strings.Join(names, " ")})
}

// Minute is the format of times in tables on a terminal.
const Minute = "2006-01-02 15:04"

// CountColumns returns the columns of [CountCells].
func CountColumns() []terminal.Column {
	return []terminal.Column{
		{Name: "ENTRIES", Number: true, Drop: 7},
		{Name: "IMPORTED", Number: true, Drop: 8},
		{Name: "UNCHANGED", Number: true, Drop: 2},
		{Name: "FAILED", Number: true},
		{Name: "REJECTED", Number: true, Drop: 3},
		{Name: "SKIPPED", Number: true, Drop: 1},
		{Name: "PENDING", Number: true, Drop: 4},
	}
}

// CountCells returns the counts of an import as cells of a table.
func CountCells(c ledger.Counts) []string {
	cells := []string{strconv.Itoa(c.Entries)}
	for _, n := range report.Outcomes(c, c.Pending()) {
		cells = append(cells, strconv.Itoa(n))
	}
	return cells
}

// TargetName returns the name of a target for people.
func TargetName(t ledger.Target) string {
	switch {
	case t.Sandbox != "":
		return "sandbox"
	case t.Endpoint != "":
		return t.Account + "/" + t.Region + " at " + t.Endpoint
	}
	return t.Account + "/" + t.Region
}
