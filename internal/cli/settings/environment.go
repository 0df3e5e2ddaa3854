package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/environment"
	"github.com/thingpress/thingpress/internal/nearest"
	"github.com/thingpress/thingpress/internal/plain"
)

const variablePrefix = "THINGPRESS_"

// variable returns the name of the variable that sets a flag.
func variable(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// environmentLayer returns the values of the environment for the flags of a command. An empty
// variable counts as unset.
func environmentLayer(command string, lookup func(string) (string, bool)) layer {
	return func(flag *pflag.Flag) (value, bool) {
		if flag.Name == "help" || flag.Name == "version" { // these replace what a command does
			return value{}, false
		}
		for _, name := range append([]string{flag.Name}, oldNames(command, flag.Name)...) {
			name := variable(name)
			text, ok := lookup(name)
			if !ok || text == "" {
				continue
			}
			v := value{texts: []string{text}, source: config.Source{From: config.FromEnvironment, Name: name}}
			if _, repeats := flag.Value.(pflag.SliceValue); repeats {
				v.texts = environment.List(text)
			}
			v.wrong = func(err error) error {
				return exit.UsageError(fmt.Errorf("%s: %w", name, Mistake(err)), "unset it, or see --help for the values of --"+flag.Name)
			}
			return v, true
		}
		return value{}, false
	}
}

// warnOfMisspelt names variables that look like ours and set nothing.
func warnOfMisspelt(root *cobra.Command, streams terminal.Streams) {
	if streams.Environ == nil {
		return
	}
	known := variables(root)
	for _, pair := range streams.Environ() {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, variablePrefix) || text == "" || slices.Contains(known, name) || isForTests(name) {
			continue
		}
		plain.Fprintf(streams.Err, "warning: %s belongs to no flag and is ignored", name)
		if near := nearest.Of(name, known); near != "" {
			plain.Fprintf(streams.Err, "; did you mean %s?", near)
		}
		fmt.Fprintln(streams.Err)
	}
}

// variables returns the names of all variables that set a flag of root or of a command below it.
func variables(root *cobra.Command) (names []string) {
	for name := range flagsByName(root) {
		names = append(names, variable(name))
	}
	slices.Sort(names)
	for _, r := range renamed {
		names = append(names, variable(r.old))
	}
	return names
}

// isForTests reports whether a variable is for the tests of Thingpress.
func isForTests(name string) bool {
	return name == variablePrefix+"PEERS" || name == variablePrefix+"REQUIRE" || strings.HasPrefix(name, variablePrefix+"TEST_")
}
