// Package settings sets the flags of a command from the environment and the config file, and
// shows where each value comes from.
package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/nearest"
)

// Names of the flags that choose what is read from a config file.
const (
	configFlag = "config"
	targetFlag = "target"
)

// AddFlags adds --config and --target to all commands below root.
func AddFlags(root *cobra.Command) {
	addFlags(root.PersistentFlags())
	err := root.RegisterFlagCompletionFunc(targetFlag, func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		file, err := readFile(c.Flags())
		if file == nil || err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return file.TargetNames(), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err)
	}
}

func addFlags(flags *pflag.FlagSet) {
	flags.String(configFlag, "", "config `file`; '' for none (default: config.toml in the config directory)")
	flags.Var(&targetNames{}, targetFlag,
		"use the settings of the target with this `name` in the config file, or those written out, such as profile=factory,region=eu-west-1")
}

// Load sets the flags of c that the command line does not set: from the environment, then from
// the target in the config file, then from the settings for all targets. It returns the file, or
// nil if there is none. Fresh returns the commands with flags that nothing has set; Load sets these
// to check the file. Mistakes are usage errors.
func Load(c *cobra.Command, streams terminal.Streams, fresh func() *cobra.Command) (*config.File, error) {
	warnOfMisspelt(c.Root(), streams)
	flags := c.Flags()
	if err := refuseEmpty(flags); err != nil {
		return nil, err
	}
	if err := applyLayer(flags, environmentLayer(c.CommandPath(), streams.LookupEnv)); err != nil {
		return nil, err
	}
	if c.DisableFlagParsing { // completion, whose words are another command's
		return nil, nil //nolint:nilnil // a missing file is not an error
	}
	file, err := readFile(flags)
	if err != nil {
		return nil, err
	}
	if file != nil {
		if err := checkFile(file, fresh()); err != nil {
			return nil, err
		}
	}
	return file, applyFile(flags, file, c.Annotations[severalTargets] != "")
}

// applyFile sets flags from the targets and from the settings for all targets. Of several targets it
// only checks that they exist; see [ForTarget].
func applyFile(flags *pflag.FlagSet, file *config.File, several bool) error {
	common := func(*pflag.Flag) (value, bool) { return value{}, false }
	if file != nil {
		common = fileLayer(file.Path, file.Settings, config.Source{From: config.FromFile})
	}
	chosen := flags.Lookup(targetFlag)
	if v, ok := common(chosen); ok && !chosen.Changed {
		if err := setFlag(flags, chosen, v); err != nil {
			return err
		}
	}
	names := Targets(flags)
	if len(names) > 1 && !several {
		return exit.UsageError(errors.New("--target: a command has one target"), "give only import, plan and verify several targets")
	}
	for _, name := range names {
		layer, err := targetLayer(flags, file, config.SourceOf(chosen), name)
		if err != nil {
			return err
		}
		if len(names) > 1 {
			continue
		}
		if err := applyLayer(flags, layer); err != nil {
			return err
		}
	}
	return applyLayer(flags, common)
}

// targetLayer returns the values of a target.
func targetLayer(flags *pflag.FlagSet, file *config.File, source config.Source, name string) (layer, error) {
	from := config.Source{From: config.FromTarget, Name: name}
	if strings.Contains(name, "=") {
		return writtenOut(name, from)
	}
	if file == nil {
		return nil, unknownTarget(flags, source, name)
	}
	target, ok := file.Target(name)
	if !ok {
		return nil, misspeltTarget(file, source, name)
	}
	return fileLayer(file.Path, target.Settings, from), nil
}

// unknownTarget returns the error for a target without a config file.
func unknownTarget(flags *pflag.FlagSet, source config.Source, name string) error {
	err := fmt.Errorf("%s: there is no target %s without a config file", givenBy(source, targetFlag), name)
	if path, _, pathErr := filePath(flags); pathErr == nil && path != "" {
		return exit.UsageError(err, fmt.Sprintf("write %s with a table [targets.%s], or name a file with --config", path, name))
	}
	return exit.UsageError(err, "name a file with --config")
}

// misspeltTarget returns the error for a target that the file does not have.
func misspeltTarget(file *config.File, source config.Source, name string) error {
	names := file.TargetNames()
	err := fmt.Errorf("there is no target %s", name)
	hint := ""
	if near := nearest.Of(name, names); near != "" {
		hint = "use --target " + terminal.ShellQuote(near)
	} else if len(names) > 0 {
		hint = "the targets are " + strings.Join(names, ", ")
	}
	if source.InFile() {
		return exit.UsageError(&config.Error{Path: file.Path, Line: source.Line, Err: fmt.Errorf("%s: %w", targetFlag, err)}, hint)
	}
	return exit.UsageError(fmt.Errorf("%s: %w in %s", givenBy(source, targetFlag), err, file.Path), hint)
}

// givenBy returns what set a flag, as the user knows it.
func givenBy(source config.Source, flag string) string {
	if source.From == config.FromEnvironment {
		return source.Name
	}
	return "--" + flag
}
