package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/environment"
)

// environmentName is the variable that stands for a flag.
func environmentName(flag string) string {
	return "THINGPRESS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// flagsFromEnvironment sets the flags that the command line left out and that
// the environment has. An empty variable is as good as none.
func flagsFromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		value, ok := lookup(environmentName(flag.Name))
		if !ok || value == "" || flag.Changed || flag.Name == "help" || failed != nil {
			return
		}
		values := []string{value}
		if _, repeats := flag.Value.(pflag.SliceValue); repeats {
			values = environment.List(value)
		}
		for _, v := range values {
			if err := flags.Set(flag.Name, v); err != nil {
				failed = exit.UsageError(fmt.Errorf("%s: %w", environmentName(flag.Name), err),
					"unset it, or see --help for what --"+flag.Name+" takes")
				return
			}
		}
	})
	return failed
}
