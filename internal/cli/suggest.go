package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/nearest"
)

// refuseUnknownWords makes an unknown word after a command that only groups others, or after help, a
// mistake. Cobra answers it with help and exit code 0. It adds the commands completion and help.
func refuseUnknownWords(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		switch {
		case c.Name() == "help":
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(_ *cobra.Command, words []string) error {
				found, unknown, err := root.Find(words)
				if err == nil && len(unknown) == 0 {
					found.InitDefaultHelpFlag() // which only a command that runs gets by itself
					return found.Help()
				}
				err = fmt.Errorf("unknown command %q for %q", words[len(words)-max(1, len(unknown))], "thingpress help")
				return exit.UsageError(err, meant(found, err))
			}
		case c.HasSubCommands() && !c.Runnable():
			c.Args = cobra.NoArgs
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
}

// countsInWords returns Cobra's error about the number of arguments in words.
func countsInWords(err error) error {
	var needed, given int
	text := err.Error()
	for format, words := range map[string]string{
		"accepts %d arg(s), received %d":                "%s needed, and %d given",
		"accepts at most %d arg(s), received %d":        "at most %s taken, and %d given",
		"requires at least %d arg(s), only received %d": "at least %s needed, and %d given",
	} {
		if n, _ := fmt.Sscanf(text, format, &needed, &given); n == 2 {
			count := "1 argument is"
			if needed != 1 {
				count = fmt.Sprintf("%d arguments are", needed)
			}
			return fmt.Errorf(words, count, given)
		}
	}
	return err
}

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
