package imports

import (
	"context"
	"errors"
	"io/fs"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// ChooseUndoable is like [Choose], but also finds a replacement: a later command over manifests, which
// `thingpress undo` can take back like an import.
func ChooseUndoable(ctx context.Context, text, path string) (Chosen, error) {
	chosen, unknown := Choose(ctx, text, path)
	if unknown == nil || exit.Code(unknown) != exit.Usage {
		return chosen, unknown
	}
	paths := []string{path}
	if path == "" {
		var err error
		if paths, err = ledgersOfMachine(); err != nil {
			return Chosen{}, err
		}
	}
	var found []Chosen
	for _, p := range paths {
		reader, err := sqlite.OpenReadOnly(ctx, p)
		var file *ledger.FileError
		if errors.Is(err, fs.ErrNotExist) || path == "" && errors.As(err, &file) && file.Reason == ledger.FileForeign {
			continue
		}
		if err != nil {
			return Chosen{}, errors.Join(unknown, err)
		}
		for i, failed := range reader.LaterCommands(ctx, "") {
			if err = failed; err != nil {
				break
			}
			if hasPrefix(i.ID, text) {
				found = append(found, Chosen{Import: i, Path: p, Short: i.ID[:min(len(i.ID), shortReplacement)]})
			}
		}
		if err := errors.Join(err, reader.Close()); err != nil {
			return Chosen{}, err
		}
	}
	if len(found) != 1 {
		return Chosen{}, unknown
	}
	return found[0], nil
}

// shortReplacement is the number of characters in the short ID of a replacement: its time in milliseconds.
const shortReplacement = 13
