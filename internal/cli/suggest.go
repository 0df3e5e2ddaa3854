package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/thingpress/thingpress/internal/nearest"
)

// meant returns a hint for a command line that c does not understand.
func meant(c *cobra.Command, err error) string {
	text := err.Error()
	if _, flag, ok := strings.Cut(text, "unknown flag: --"); ok {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		if name := nearest.Of(flag, names); name != "" {
			return "use --" + name
		}
	}
	if _, rest, ok := strings.Cut(text, `unknown command "`); ok {
		word, _, _ := strings.Cut(rest, `"`)
		var names []string
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, sub.Name())
			}
		}
		if name := nearest.Of(word, names); name != "" {
			return "run " + c.CommandPath() + " " + name
		}
	}
	return "see '" + c.CommandPath() + " --help'"
}

// misspelt returns, for each variable of the environment that begins as ours do and belongs to no
// flag, its name and the name that is most similar, if there is one.
func misspelt(root *cobra.Command, environ []string) [][2]string {
	var known []string
	var collect func(c *cobra.Command)
	collect = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, environmentName(f.Name)) })
		c.PersistentFlags().VisitAll(func(f *pflag.Flag) { known = append(known, environmentName(f.Name)) })
		for _, sub := range c.Commands() {
			collect(sub)
		}
	}
	collect(root)
	var found [][2]string
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, environmentPrefix) && value != "" && !slices.Contains(known, name) && !ofTests(name) {
			found = append(found, [2]string{name, nearest.Of(name, known)})
		}
	}
	return found
}

// ofTests reports whether a variable is for the tests of Thingpress.
func ofTests(name string) bool {
	return name == environmentPrefix+"PEERS" || name == environmentPrefix+"REQUIRE" || strings.HasPrefix(name, environmentPrefix+"TEST_")
}
