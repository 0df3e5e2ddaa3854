package cli

import (
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
