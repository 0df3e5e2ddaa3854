package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// recordedSettings is what the ledger keeps so that people can see, and
// --resume can repeat, what an import was asked to do.
type recordedSettings struct {
	Manifests []string            `json:"manifests"` // absolute paths
	Flags     map[string][]string `json:"flags"`
	Settings  engine.Settings     `json:"settings"`
}

// resumedFlags are the flags that belong to the import. The others belong to
// the run: where the ledger is, how fast, how to print.
var resumedFlags = []string{
	"vendor", "bundle", "slot", "signer", "thing-name", "allow-expired",
	"max-dictionary", "max-expanded", "max-ratio", "max-members", "max-entries", "max-entry-bytes", "max-depth",
	"policy", "thing-group", "thing-type", "billing-group", "attribute", "status", "adopt", "exclusive",
	"only", "skip", "partial",
}

// pathFlags name files, which may be looked for from another directory later.
var pathFlags = []string{"signer", "only", "skip"}

func (run *importRun) recorded() (string, error) {
	r := recordedSettings{Flags: map[string][]string{}, Settings: run.settings}
	for _, name := range run.args {
		r.Manifests = append(r.Manifests, absolute(name))
	}
	run.command.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains(resumedFlags, flag.Name) {
			return
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if slices.Contains(pathFlags, flag.Name) {
			for i := range values {
				values[i] = absolute(values[i])
			}
		}
		r.Flags[flag.Name] = values
	})
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("settings of the import: %w", err)
	}
	return string(text), nil
}

func absolute(path string) string {
	if path == "-" {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// restore reads what --resume names, and repeats its manifests and flags where
// the command line has none.
func (run *importRun) restore(ctx context.Context) error {
	id := run.options.resume
	if id == "" {
		return nil
	}
	reader, err := sqlite.OpenReadOnly(ctx, run.ledgerPath)
	if err != nil {
		return err
	}
	defer reader.Close() //nolint:errcheck // it was only read
	found, err := reader.Import(ctx, id)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return usage(fmt.Errorf("--resume %s: %w", id, err), "thingpress imports lists the imports and their ledgers; name the ledger with --ledger")
	case err != nil:
		return err
	case !found.Resumable():
		return usage(fmt.Errorf("--resume %s: the import is finished, and nothing is left to do", id), "run its command line again to look at what AWS has")
	}
	run.previous = &found
	if len(run.args) > 0 {
		return nil // the key will tell whether it is the same import
	}
	var r recordedSettings
	if err := json.Unmarshal([]byte(found.Settings), &struct {
		Manifests *[]string
		Flags     *map[string][]string
	}{&r.Manifests, &r.Flags}); err != nil {
		return fmt.Errorf("--resume %s: settings in the ledger: %w", id, err)
	}
	if slices.Contains(r.Manifests, "-") {
		return usage(fmt.Errorf("--resume %s: a manifest came from standard input", id), "give the whole command line again")
	}
	flags := run.command.Flags()
	for name, values := range r.Flags {
		if flags.Changed(name) {
			return usage(fmt.Errorf("--resume alone repeats the flags of the import, but --%s is given", name), "leave it out, or give the whole command line")
		}
		for _, value := range values {
			if err := flags.Set(name, value); err != nil {
				return fmt.Errorf("--resume %s: --%s: %w", id, name, err)
			}
		}
	}
	run.args = r.Manifests
	return nil
}
