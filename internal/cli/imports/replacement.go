package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// ChooseUndoable is like [Choose], but also finds a replacement: a later command over manifests, which
// `thingpress undo` can take back like an import.
func ChooseUndoable(ctx context.Context, text, path string) (Chosen, error) {
	all, unread, err := readLedgers(ctx, path, func(string, error) {})
	if err != nil {
		return Chosen{}, err
	}
	paths := []string{path}
	if path == "" {
		if paths, err = ledgersOfMachine(); err != nil {
			return Chosen{}, err
		}
	}
	var found []Chosen
	var lines []importLine
	for _, p := range paths {
		reader, err := sqlite.OpenReadOnly(ctx, p)
		if err != nil {
			continue // readLedgers has told
		}
		for i, failed := range reader.LaterCommands(ctx, "") {
			if err = failed; err != nil {
				break
			}
			if hasPrefix(i.ID, text) {
				found = append(found, Chosen{Import: i, Path: p, Short: i.ID[:min(len(i.ID), shortReplacement)]})
				lines = append(lines, lineOf(i, p))
			}
		}
		if err := errors.Join(err, reader.Close()); err != nil {
			return Chosen{}, err
		}
	}
	lines = slices.Concat(named(text, all), lines)
	switch {
	case len(found) == 0:
		return chooseAmong(ctx, text, path, all, unread)
	case len(lines) > 1:
		return Chosen{}, exit.UsageError(fmt.Errorf("the IDs of %d imports and replacements begin with %s%s", len(lines), text,
			candidates(lines)), "use more characters of the ID")
	}
	return found[0], nil
}

// shortReplacement is the number of characters in the short ID of a replacement: its time in milliseconds.
const shortReplacement = 13
