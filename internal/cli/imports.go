package cli

import (
	"context"
	"encoding/json"
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

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/xdg"
)

type importsOptions struct {
	ledger string
	output outputFlag
}

func newImports(streams Streams) *cobra.Command {
	var options importsOptions
	c := &cobra.Command{
		Use:   "imports",
		Short: "List the imports of the ledgers",
		Long: `List the imports that the ledgers of this machine hold, newest first: ID, state,
numbers, target and manifests. It can be used while an import is running.`,
		Example: `  thingpress imports
  thingpress imports --ledger ./factory.db --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runImports(c.Context(), options, streams)
		},
	}
	c.Flags().StringVar(&options.ledger, "ledger", "", "only this ledger; by default all below "+defaultLedgers())
	addOutputFlag(c, &options.output)
	return c
}

func defaultLedgers() string {
	dir, err := xdg.StateDir()
	if err != nil {
		return "the state directory"
	}
	return filepath.Join(dir, "*.db")
}

// importLine is one line of --output json.
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

func runImports(ctx context.Context, options importsOptions, streams Streams) error {
	paths := []string{options.ledger}
	if options.ledger == "" {
		var err error
		if paths, err = filepath.Glob(defaultLedgers()); err != nil {
			return err
		}
	}
	var found []importLine
	for _, path := range paths {
		lines, err := readImports(ctx, path)
		if err != nil {
			return err
		}
		found = append(found, lines...)
	}
	slices.SortStableFunc(found, func(a, b importLine) int { return b.Begun.Compare(a.Begun) })
	if options.output == outputJSON {
		encoder := json.NewEncoder(streams.Out)
		for _, line := range found {
			if err := encoder.Encode(line); err != nil {
				return err
			}
		}
		return nil
	}
	if len(found) == 0 {
		fmt.Fprintf(streams.Err, "no imports in %s\n", strings.Join(append(paths, defaultLedgers())[:1], ""))
		return nil
	}
	t := newTable(streams.Out, streams.OutTerminal,
		"IMPORT", "STATE", "BEGUN", "ENTRIES", "IMPORTED", "UNCHANGED", "FAILED", "REJECTED", "SKIPPED", "PENDING", "TARGET", "MANIFESTS")
	for _, line := range found {
		t.row(line.cells(streams.OutTerminal)...)
	}
	return t.flush()
}

func readImports(ctx context.Context, path string) ([]importLine, error) {
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, missing := os.Stat(path); missing == nil {
			return nil, nil // created, but no import has been begun in it
		}
		return nil, withHint(err, "thingpress imports without --ledger lists the ledgers that there are")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }() // it was only read
	var lines []importLine
	for i, err := range reader.Imports(ctx) {
		if err != nil {
			return nil, err
		}
		line := importLine{
			Type: "import", Import: i.ID, State: i.State, Cause: i.Cause, Begun: i.Begun, Counts: i.Counts,
			Pending: i.Counts.Pending(), Target: i.Target, Manifests: i.Manifests, Ledger: path,
		}
		if !i.Ended.IsZero() {
			line.Ended = &i.Ended
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (l importLine) cells(terminal bool) []string {
	begun := l.Begun.UTC().Format(time.RFC3339)
	if terminal {
		begun = l.Begun.Local().Format(time.DateTime)
	}
	names := make([]string, len(l.Manifests))
	for i, m := range l.Manifests {
		names[i] = m.Name
		if terminal {
			names[i] = filepath.Base(m.Name)
		}
	}
	n := strconv.Itoa
	return []string{
		l.Import, string(l.State), begun, n(l.Counts.Entries), n(l.Counts.Imported), n(l.Counts.Unchanged), n(l.Counts.Failed),
		n(l.Counts.Rejected), n(l.Counts.Skipped), n(l.Pending), targetName(l.Target), strings.Join(names, " "),
	}
}

// targetName is how people are told where devices go.
func targetName(t ledger.Target) string {
	switch {
	case t.Sandbox != "":
		return "sandbox"
	case t.Endpoint != "":
		return t.Account + "/" + t.Region + " at " + t.Endpoint
	}
	return t.Account + "/" + t.Region
}
