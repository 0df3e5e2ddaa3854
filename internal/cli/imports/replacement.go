package imports

import (
	"context"
	"errors"
	"io/fs"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// ChooseUndoable is like [Choose], but also finds a replacement: a later command over manifests, which
// `thingpress undo` can take back like an import.
func ChooseUndoable(ctx context.Context, text, path string) (Chosen, error) {
	chosen, err := Choose(ctx, text, path)
	if err == nil || exit.Code(err) != exit.Usage {
		return chosen, err
	}
	paths := []string{path}
	if path == "" {
		if paths, err = ledgersOfMachine(); err != nil {
			return chosen, err
		}
	}
	var found []Chosen
	for _, p := range paths {
		reader, failed := sqlite.OpenReadOnly(ctx, p)
		if errors.Is(failed, fs.ErrNotExist) {
			continue
		}
		if failed != nil {
			return chosen, errors.Join(err, failed)
		}
		for i, failed := range reader.LaterCommands(ctx, "") {
			if failed == nil && hasPrefix(i.ID, text) {
				found = append(found, Chosen{Import: i, Path: p, Short: i.ID[:min(len(i.ID), shortReplacement)]})
			}
		}
		_ = reader.Close() // it was only read
	}
	if len(found) == 1 {
		return found[0], nil
	}
	_, err = Choose(ctx, text, path) // lists the candidates
	return chosen, err
}

// shortReplacement is the number of characters in the short ID of a replacement: its time in milliseconds.
const shortReplacement = 13
