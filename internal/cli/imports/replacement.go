package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// ChooseWithReplacements is like [Choose], but also finds a replacement: a later command over manifests, which has an ID
// of its own as an import has.
func ChooseWithReplacements(ctx context.Context, text, path string) (Chosen, error) {
	all, unread, err := readLedgers(ctx, path, func(string, error) {})
	if err != nil {
		return Chosen{}, err
	}
	replacements, err := replacementsNamed(ctx, text, path)
	if err != nil {
		return Chosen{}, err
	}
	return chooseAmongBoth(ctx, text, path, all, unread, replacements)
}

// replacementsNamed returns the replacements whose IDs begin with text, in the ledger at path, or in all ledgers of this
// machine if path is empty. Ledgers that cannot be read are passed over; [readLedgers] has told.
func replacementsNamed(ctx context.Context, text, path string) (found []Chosen, err error) {
	paths := []string{path}
	if path == "" {
		if paths, err = ledgersOfMachine(); err != nil {
			return nil, err
		}
	}
	for _, p := range paths {
		open, err := sqlite.IsOpen(p)
		if err != nil {
			continue
		}
		reader, err := sqlite.OpenReadOnly(ctx, p)
		if err != nil {
			continue
		}
		for i, failed := range reader.LaterCommands(ctx, "") {
			if err = failed; err != nil {
				break
			}
			if i.State == ledger.StateRunning && !open {
				i.State, i.Cause = ledger.StateInterrupted, ledger.CauseKilled
			}
			if hasPrefix(i.ID, text) {
				found = append(found, Chosen{Import: i, Path: p, Short: i.ID[:min(len(i.ID), shortReplacement)]})
			}
		}
		if err := errors.Join(err, reader.Close()); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// chooseAmongBoth is like chooseAmong, but also chooses among the replacements that text names.
func chooseAmongBoth(
	ctx context.Context, text, path string, all []importLine, unread []error, replacements []Chosen,
) (Chosen, error) {
	if len(replacements) == 0 {
		return chooseAmong(ctx, text, path, all, unread)
	}
	lines := slices.Clone(named(text, all))
	for _, r := range replacements {
		lines = append(lines, lineOf(r.Import, r.Path))
	}
	if len(lines) > 1 {
		return Chosen{}, exit.UsageError(fmt.Errorf("the IDs of %d imports and replacements begin with %s%s", len(lines), text,
			candidates(lines)), "use more characters of the ID")
	}
	return replacements[0], nil
}

// shortReplacement is the number of characters in the short ID of a replacement: its time in milliseconds.
const shortReplacement = 13
