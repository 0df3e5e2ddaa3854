package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
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

// recordedOf returns what the ledger keeps of a command line.
func recordedOf(settings engine.Settings, args []string, flags *pflag.FlagSet) recordedSettings {
	r := recordedSettings{Flags: map[string][]string{}, Settings: settings}
	for _, name := range args {
		r.Manifests = append(r.Manifests, absolute(name))
	}
	flags.Visit(func(flag *pflag.Flag) {
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
	return r
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

// restore reads the import that --resume names; it is nil without the flag. If
// the command line has no manifests it sets the flags of that import, and
// returns its manifests.
func (o *importOptions) restore(ctx context.Context, t ledger.Target, flags *pflag.FlagSet, args []string,
) (*ledger.Import, []string, error) {
	if o.resume == "" {
		return nil, args, nil
	}
	found, err := o.findNamed(ctx, t)
	if err != nil || len(args) > 0 { // the key will tell whether it is the same import
		return found, args, err
	}
	var r recordedSettings
	if err := json.Unmarshal([]byte(found.Settings), &struct {
		Manifests *[]string
		Flags     *map[string][]string
	}{&r.Manifests, &r.Flags}); err != nil {
		return nil, nil, fmt.Errorf("--resume %s: settings in the ledger: %w", o.resume, err)
	}
	if slices.Contains(r.Manifests, "-") {
		return nil, nil, exit.UsageError(fmt.Errorf("--resume %s: a manifest came from standard input", o.resume),
			"give the whole command line again")
	}
	return found, r.Manifests, setFlags(flags, r.Flags, o.resume)
}

// findNamed reads the import that --resume names.
func (o *importOptions) findNamed(ctx context.Context, t ledger.Target) (*ledger.Import, error) {
	path, err := o.ledgerPath(t)
	if err != nil {
		return nil, err
	}
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		return nil, err
	}
	defer reader.Close() //nolint:errcheck // it was only read
	found, err := reader.Import(ctx, o.resume)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return nil, exit.UsageError(fmt.Errorf("--resume %s: %w", o.resume, err),
			"thingpress imports lists the imports and their ledgers; name the ledger with --ledger")
	case err != nil:
		return nil, err
	case !found.Resumable():
		return nil, exit.UsageError(fmt.Errorf("--resume %s: the import is finished, and nothing is left to do", o.resume),
			"run its command line again to look at what AWS has")
	}
	return &found, nil
}

// setFlags sets the flags of the import with this ID, none of which the command line may have.
func setFlags(flags *pflag.FlagSet, recorded map[string][]string, id string) error {
	for name, values := range recorded {
		if flags.Changed(name) {
			return exit.UsageError(fmt.Errorf("--resume alone repeats the flags of the import, but --%s is given", name),
				"leave it out, or give the whole command line")
		}
		for _, value := range values {
			if err := flags.Set(name, value); err != nil {
				return fmt.Errorf("--resume %s: --%s: %w", id, name, err)
			}
		}
	}
	return nil
}
