package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// A Chosen is an import that the user named.
type Chosen struct {
	ledger.Import
	// Path is the file of its ledger.
	Path string
	// Short is a beginning of the ID that no other import in the ledgers has.
	Short string
}

const (
	shortID       = 8 // characters of a short ID at least: the beginning of a UUIDv7 is its time
	candidateMost = 10
)

// Choose returns the import whose ID begins with text, in the ledger at path, or in all ledgers of
// this machine if path is empty. If there is none, or more than one, the error lists candidates and
// ends the command with [exit.Usage].
func Choose(ctx context.Context, text, path string) (Chosen, error) {
	all, unread, err := readLedgers(ctx, path, func(string, error) {})
	if err != nil {
		return Chosen{}, err
	}
	return chooseAmong(ctx, text, path, all, unread)
}

// chooseAmong is like Choose for imports that have been read. The errors of ledgers that could not be
// read, one of which may have the import, are unread.
func chooseAmong(ctx context.Context, text, path string, all []importLine, unread []error) (Chosen, error) {
	found := named(text, all)
	if len(found) == 0 && len(unread) > 0 {
		return Chosen{}, errors.Join(unread...)
	}
	switch {
	case len(all) == 0:
		return Chosen{}, noImports(text, path)
	case len(found) == 0:
		return Chosen{}, exit.UsageError(fmt.Errorf("no import has an ID that begins with %s; the latest are%s", text, candidates(all)),
			"see all of them with thingpress imports")
	case len(found) > 1:
		return Chosen{}, exit.UsageError(fmt.Errorf("the IDs of %d imports begin with %s%s", len(found), text, candidates(found)),
			"use more characters of the ID")
	}
	line := found[0]
	i, err := readImport(ctx, line.Ledger, line.Import)
	i.State, i.Cause = line.State, line.Cause // a killed one is interrupted
	return Chosen{Import: i, Path: line.Ledger, Short: shortOf(line.Import, all)}, err
}

// noImports returns the error for a name if the ledger at path, or without a path all ledgers of the
// machine, have no import.
func noImports(text, path string) error {
	if path != "" {
		return exit.UsageError(fmt.Errorf("no import %s: ledger %s has no import", text, path),
			"see all imports of this machine with thingpress imports")
	}
	return exit.UsageError(fmt.Errorf("no import %s: no ledger of this machine has an import", text),
		"name the file of the ledger with --ledger")
}

// named returns the imports whose IDs begin with text.
func named(text string, all []importLine) []importLine {
	return slices.DeleteFunc(slices.Clone(all), func(l importLine) bool { return !hasPrefix(l.Import, text) })
}

func hasPrefix(id, text string) bool {
	return text != "" && strings.HasPrefix(id, strings.ToLower(text))
}

// candidates lists imports, one per line.
func candidates(lines []importLine) string {
	text := ":"
	for _, l := range lines[:min(len(lines), candidateMost)] {
		names := make([]string, len(l.Manifests))
		for i, m := range l.Manifests {
			names[i] = filepath.Base(m.Name)
		}
		text += fmt.Sprintf("\n  %s  %s  %s  %s", l.Import, l.State, l.Begun.Local().Format(Minute), strings.Join(names, " "))
	}
	if more := len(lines) - candidateMost; more > 0 {
		text += fmt.Sprintf("\n  and %s more", count(more))
	}
	return text
}

func shortOf(id string, all []importLine) string {
	for n := shortID; n < len(id); n++ {
		if !slices.ContainsFunc(all, func(l importLine) bool { return l.Import != id && hasPrefix(l.Import, id[:n]) }) {
			return strings.TrimSuffix(id[:n], "-")
		}
	}
	return id
}

func readImport(ctx context.Context, path, id string) (ledger.Import, error) {
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		return ledger.Import{}, err
	}
	i, err := reader.Import(ctx, id)
	return i, errors.Join(err, reader.Close())
}

// Recorded returns the settings with which an import was made, as the ledger has them. Signers, Only
// and Skip are not set, because the ledger has only their digests.
func Recorded(i ledger.Import) (engine.Settings, error) {
	var r struct{ Settings engine.Settings }
	if err := json.Unmarshal([]byte(i.Settings), &r); err != nil {
		return engine.Settings{}, fmt.Errorf("import %s: settings in the ledger: %w", i.ID, err)
	}
	return r.Settings, nil
}

// Begun returns when an import began, for people.
func Begun(i ledger.Import) string { return i.Begun.Local().Format(time.DateTime) }
