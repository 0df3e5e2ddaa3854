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
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
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
	filter targetFilter
}

// NewList returns `thingpress imports`.
func NewList(streams terminal.Streams) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:   "imports",
		Short: "List the imports of this machine or of a stack",
		Long: `List the imports in the ledgers of this machine, newest first, with ID, state,
numbers, target and manifests. An import may be running at the same time. With
several filters an import must pass all of them. --target NAME of the config file
stands for its account, region and sandbox.

With --stack they are the imports of a stack, and also have the states reading,
checking, sending, paused, waiting, cancelling and cancelled instead of interrupted.`,
		Example: `  thingpress imports
  thingpress imports --ledger ./factory.db --output json

  # the imports of the last week that did not finish
  thingpress imports --since 168h --state interrupted --state stopped

  # what happened to a reel
  thingpress imports --manifest reel-7`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return listImports(c.Context(), &o, c.Flags(), streams) },
	}
	c.Flags().StringVar(&o.ledger, "ledger", "", "list only the imports of this `file` (default: "+defaultLedgers()+")")
	AddListFilter(c.Flags(), stateNames())
	o.filter.add(c.Flags())
	manifests.Complete(c, "state", stateNames())
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

func listImports(ctx context.Context, o *listOptions, flags *pflag.FlagSet, streams terminal.Streams) error {
	filter, err := ListFilterOf(flags, stateNames())
	if err != nil {
		return err
	}
	found, broken, err := readLedgers(ctx, o.ledger, func(format string, err error) { plain.Fprintf(streams.Err, format, err) })
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(line importLine) bool {
		return !filter.Selects(string(line.State), line.Begun, line.Manifests) || !o.filter.selects(line.Target, flags)
	})
	var unread error
	if len(broken) > 0 {
		unread = exit.Silently(exit.Incomplete)
	}
	if o.output == terminal.JSON {
		return errors.Join(terminal.PrintLines(streams, found), unread)
	}
	if len(found) == 0 {
		plain.Fprintf(streams.Err, "no such imports in %s\n", cmp.Or(o.ledger, defaultLedgers()))
		return unread
	}
	t := streams.Table(slices.Concat([]terminal.Column{{Name: "IMPORT"}, {Name: "STATE"}, {Name: "BEGUN", Drop: 5}}, CountColumns(),
		[]terminal.Column{{Name: "TARGET", Cut: true, Drop: 6}, {Name: "MANIFESTS", Cut: true}}))
	for _, line := range found {
		t.Row(line.cells(streams.OutTerminal)...)
	}
	return errors.Join(t.Flush(), unread)
}

// readLedgers returns the imports in the ledger at path, or in all ledgers of this machine if path is
// empty, newest first. A ledger that cannot be read must not hide the imports in the others: it is
// noted, and its error is among unread unless it is not a ledger at all.
func readLedgers(ctx context.Context, path string, note func(format string, err error)) (found []importLine, unread []error, err error) {
	paths := []string{path}
	if path == "" {
		if paths, err = ledgersOfMachine(); err != nil {
			return nil, nil, err
		}
	}
	for _, each := range paths {
		lines, err := readImports(ctx, each)
		var file *ledger.FileError
		switch {
		case err == nil:
			found = append(found, lines...)
		case path != "" || ctx.Err() != nil:
			return nil, nil, err
		case errors.As(err, &file) && file.Reason == ledger.FileForeign:
			note("passed over: %v\n", err)
		default:
			note("warning: %v\n", err)
			unread = append(unread, err)
		}
	}
	slices.SortStableFunc(found, func(a, b importLine) int { return b.Begun.Compare(a.Begun) })
	return found, unread, nil
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
		lines = append(lines, lineOf(i, path))
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

// lineOf returns the line of an import in the ledger at path.
func lineOf(i ledger.Import, path string) importLine {
	i.Target.Endpoint = target.WithoutUser(i.Target.Endpoint)
	line := importLine{
		Type: "import", Import: i.ID, State: i.State, Cause: i.Cause, Begun: i.Begun, Counts: i.Counts,
		Pending: i.Counts.Pending(), Target: i.Target, Manifests: i.Manifests, Ledger: path,
	}
	if !i.Ended.IsZero() {
		line.Ended = &i.Ended
	}
	return line
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
		return t.Account + "/" + t.Region + " at " + target.WithoutUser(t.Endpoint)
	}
	return t.Account + "/" + t.Region
}
