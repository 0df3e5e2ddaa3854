package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
)

// severalTargets is the annotation of commands for which --target can be repeated.
const severalTargets = "several-targets"

// AllowSeveralTargets lets a command have --target more than once. Its flags are then those for all targets, and
// [ForTarget] returns those of one.
func AllowSeveralTargets(c *cobra.Command) {
	c.Annotations = map[string]string{severalTargets: "yes"}
}

// targetNames is --target.
type targetNames struct{ names []string }

func (t *targetNames) String() string { return strings.Join(t.names, ", ") }
func (t *targetNames) Type() string   { return "name" }

func (t *targetNames) Set(name string) error {
	if slices.Contains(t.names, name) {
		return fmt.Errorf("target %s is given twice", name)
	}
	t.names = append(t.names, name)
	return nil
}

// Targets returns the targets that --target names, without empty ones.
func Targets(flags *pflag.FlagSet) []string {
	t, ok := flags.Lookup(targetFlag).Value.(*targetNames)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.names), func(name string) bool { return name == "" })
}

// ForTarget sets the flags of a command that nothing has set yet to what given, the flags of a command with
// several targets, has from its command line, and then as [Load] does for one target. Command is its path.
func ForTarget(flags, given *pflag.FlagSet, command, name string, streams terminal.Streams) (err error) {
	addFlags(flags)
	given.Visit(func(flag *pflag.Flag) {
		to := flags.Lookup(flag.Name)
		if err != nil || to == nil || flag.Name == targetFlag || config.IsPreset(flag) {
			return
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			err = errors.Join(err, flags.Set(flag.Name, value))
		}
	})
	if err == nil {
		err = flags.Set(targetFlag, name)
	}
	if err == nil {
		err = applyLayer(flags, environmentLayer(command, streams.LookupEnv))
	}
	if err != nil {
		return err
	}
	file, err := readFile(flags)
	if err != nil {
		return err
	}
	return applyFile(flags, file, false)
}

// writable are the flags that a target can have on the command line: those that say where it is.
var writable = []string{"account", "endpoint-url", "ledger", "profile", "region", "sandbox", "sandbox-state"}

// writtenOut returns the values of a target of the form name=value,name=value.
func writtenOut(text string, source config.Source) (layer, error) {
	set := map[string]string{}
	for _, pair := range strings.Split(text, ",") {
		name, text, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		_, twice := set[name]
		switch {
		case !ok || !slices.Contains(writable, name):
			return nil, exit.UsageError(fmt.Errorf("--target: %q is none of %s=VALUE", pair, strings.Join(writable, "=VALUE, ")),
				"write the other settings of the target into the config file, or as flags for all targets")
		case twice:
			return nil, exit.UsageError(fmt.Errorf("--target: %s is given twice", name), "")
		}
		set[name] = text
	}
	return func(flag *pflag.Flag) (value, bool) {
		text, ok := set[flag.Name]
		return value{texts: []string{text}, source: source, wrong: func(err error) error {
			return exit.UsageError(fmt.Errorf("--target: %s: %w", flag.Name, err), "")
		}}, ok
	}, nil
}
