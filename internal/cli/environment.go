package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/environment"
	"github.com/thingpress/thingpress/internal/plain"
)

const environmentPrefix = "THINGPRESS_"

// environmentName returns the name of the variable that sets a flag.
func environmentName(flag string) string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// warnOfEnvironment names variables that look like ours and set nothing.
func warnOfEnvironment(root *cobra.Command, streams terminal.Streams) {
	if streams.Environ == nil {
		return
	}
	for _, found := range misspelt(root, streams.Environ()) {
		plain.Fprintf(streams.Err, "warning: %s belongs to no flag and is ignored", found[0])
		if found[1] != "" {
			plain.Fprintf(streams.Err, "; did you mean %s?", found[1])
		}
		fmt.Fprintln(streams.Err)
	}
}

// flagsFromEnvironment sets flags from the environment unless the command line sets
// them. An empty variable counts as unset.
func flagsFromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		value, ok := lookup(environmentName(flag.Name))
		about := flag.Name == "help" || flag.Name == "version" // these replace what a command does
		if !ok || value == "" || flag.Changed || about || failed != nil {
			return
		}
		values := []string{value}
		if _, repeats := flag.Value.(pflag.SliceValue); repeats {
			values = environment.List(value)
		}
		for _, v := range values {
			if err := flags.Set(flag.Name, v); err != nil {
				failed = exit.UsageError(fmt.Errorf("%s: %w", environmentName(flag.Name), err),
					"unset it, or see --help for the values of --"+flag.Name)
				return
			}
		}
		environment.Mark(flag)
	})
	return failed
}
