package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/report"
)

// recordedSettings are the settings of an import in the ledger, for people to see and
// for --resume to repeat.
type recordedSettings struct {
	Manifests []string            `json:"manifests"` // absolute paths, or the names of objects in S3
	Flags     map[string][]string `json:"flags"`
	Settings  engine.Settings     `json:"settings"`
	// Distribution is how many devices get what their entries ask for, the first [MaxShares] lines. Like
	// About it is for people alone.
	Distribution []Share `json:"distribution,omitempty"`
	report.About
}

// aboutOf returns what an import records about itself.
func aboutOf(quotas target.Quotas, scan *engine.ScanResult, args []string, flags *pflag.FlagSet) report.About {
	about := report.About{Version: version.Current(), Command: CommandLine("thingpress import", args, flags)}
	if ceiling, binding := quota.Ceiling(quotas.Set, scan.FreshCalls(quotas.Set)); !math.IsInf(ceiling, 1) {
		about.Ceiling, about.Binding = report.Rounded(ceiling), string(binding)
	}
	return about
}

// CommandLine returns a command line that can be pasted, except that secrets are left out of it. A plan
// stands for the manifests and flags that it decides. The flags named by without are left out as well.
func CommandLine(command string, args []string, flags *pflag.FlagSet, without ...string) string {
	decided := without
	if flags.Changed("plan") {
		args, decided = nil, append(decidedFlags(), without...)
	}
	flags.Visit(func(flag *pflag.Flag) {
		if slices.Contains(decided, flag.Name) {
			return
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			switch flag.Name {
			case "endpoint-url":
				value = target.WithoutUser(value)
			case "notify":
				value = target.NoticeHost(value)
			}
			switch {
			case flag.Value.Type() != "bool":
				command += " --" + flag.Name + " " + terminal.ShellQuote(value)
			case value == "true":
				command += " --" + flag.Name
			default:
				command += " --" + flag.Name + "=" + value
			}
		}
	})
	for _, arg := range args {
		command += " " + terminal.ShellQuote(arg)
	}
	return command
}

// aboutIn returns what is known about an import from its settings in the ledger.
func aboutIn(i ledger.Import) (about report.About) {
	_ = json.Unmarshal([]byte(i.Settings), &about) // settings of other forms have nothing about it
	return about
}

// resumedFlags are the flags that belong to the import. The others belong to the run,
// such as the ledger, the rate and the output.
var resumedFlags = []string{
	"vendor", "columns", "delimiter", "preset", "bundle", "slot", "label", "index", "json-pointer", "signer",
	"thing-name", "allow-expired", "allow-late-signature", "allow-ca",
	"max-dictionary", "max-expanded", "max-ratio", "max-members", "max-entries", "max-entry-bytes", "max-depth",
	"policy", "thing-group", "thing-type", "billing-group", "attribute", "status", "adopt", "exclusive", "row-settings",
	manifests.FlagRequestPayer, "only", "skip", "ignore-unmatched", "partial", "no-baseline", "ignore-policy",
}

// pathFlags are flags with paths. They are recorded as absolute paths, because a later
// run may start in another directory.
var pathFlags = []string{"signer", "only", "skip"}

// recordedOf returns the settings of a command line for the ledger.
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
				if flag.Name != "signer" || !manifests.IsPublisher(values[i]) {
					values[i] = absolute(values[i])
				}
			}
		}
		r.Flags[flag.Name] = values
	})
	return r
}

func absolute(path string) string {
	if path == "-" || manifests.IsObject(path) {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// restore reads the import that --resume names, and returns nil without the flag. If
// the command line has no manifests it sets the flags of that import and returns its
// manifests.
func (o *importOptions) restore(ctx context.Context, c *target.Connection, flags *pflag.FlagSet, args []string,
) (*ledger.Import, []string, error) {
	if o.resume == "" {
		return nil, args, nil
	}
	found, err := o.findNamed(ctx, c)
	if err != nil || len(args) > 0 { // the key decides whether it is the same import
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
			"repeat the whole command line")
	}
	return found, r.Manifests, setFlags(flags, r.Flags, o.resume)
}

// findNamed reads the import that --resume names.
func (o *importOptions) findNamed(ctx context.Context, c *target.Connection) (*ledger.Import, error) {
	path, err := o.ledgerPath(ctx, c)
	if err != nil {
		return nil, err
	}
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		return nil, err
	}
	defer reader.Close() //nolint:errcheck // it was only read
	var all, matches []importLine
	for i, err := range reader.Imports(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, lineOf(i, path))
	}
	matches = named(o.resume, all)
	switch {
	case len(matches) == 0:
		return nil, exit.UsageError(fmt.Errorf("--resume %s: no import of ledger %s has such an ID; the latest are%s",
			o.resume, path, candidates(all)),
			"find the import with thingpress imports, and name its ledger with --ledger")
	case len(matches) > 1:
		return nil, exit.UsageError(fmt.Errorf("--resume %s: the IDs of %d imports begin so%s", o.resume, len(matches), candidates(matches)),
			"use more characters of the ID")
	}
	found, err := reader.Import(ctx, matches[0].Import)
	if err != nil {
		return nil, err
	}
	if !found.Resumable() {
		return nil, exit.UsageError(fmt.Errorf("--resume %s: the import is finished", o.resume),
			"repeat its command line to check the devices in AWS")
	}
	return &found, nil
}

// Reading returns the paths of the manifests of an import, which are absolute, or "-" for standard input, and
// the flags with which it was made. An import of another version may have neither.
func Reading(i ledger.Import) (paths []string, flags map[string][]string) {
	var r recordedSettings
	_ = json.Unmarshal([]byte(i.Settings), &struct {
		Manifests *[]string
		Flags     *map[string][]string
	}{&r.Manifests, &r.Flags})
	return r.Manifests, r.Flags
}

// setFlags sets the flags of the import with this ID to what was recorded, whatever the environment
// and the config file say. It returns an error if the command line sets one of them.
func setFlags(flags *pflag.FlagSet, recorded map[string][]string, id string) error {
	for _, name := range resumedFlags {
		if flag := flags.Lookup(name); flag != nil && config.IsPreset(flag) {
			if err := resetFlag(flag); err != nil {
				return fmt.Errorf("--%s: %w", name, err)
			}
		}
	}
	for name, values := range recorded {
		if flags.Changed(name) {
			return exit.UsageError(fmt.Errorf("--resume repeats --%s of the import, and the command line sets it again", name),
				"leave the flag out, or repeat the whole command line with all manifests")
		}
		for _, value := range values {
			if err := flags.Set(name, value); err != nil {
				return fmt.Errorf("--resume %s: --%s: %w", id, name, err)
			}
		}
	}
	return nil
}

// resetFlag makes a flag what it is if nothing sets it.
func resetFlag(flag *pflag.Flag) error {
	flag.Changed = false
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.Replace(nil)
	}
	return flag.Value.Set(flag.DefValue)
}
