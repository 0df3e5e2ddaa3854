package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
)

// valuesOf returns what shells complete for flags, by name. A flag means the same in all commands.
// Formats of manifests register their values themselves.
func valuesOf(streams terminal.Streams) map[string]cobra.CompletionFunc {
	fixed := func(values ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	profiles := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return awsiot.Profiles(streams.LookupEnv), cobra.ShellCompDirectiveNoFileComp
	}
	return map[string]cobra.CompletionFunc{
		"color":          fixed(string(terminal.ColourAuto), string(terminal.ColourAlways), string(terminal.ColourNever)),
		"output":         fixed(string(terminal.Text), string(terminal.JSON)),
		"status":         fixed("ACTIVE", "INACTIVE"),
		"row-settings":   fixed("add", "replace", "ignore"),
		"resume":         imports.CompleteResume,
		"profile":        profiles,
		"source-profile": profiles,
		"request-payer":  fixed("requester"),
		"quota": func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var operations []string
			for _, op := range engine.Operations() {
				operations = append(operations, string(op)+"=")
			}
			return operations, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		},
	}
}

// completeFlags makes shells complete the values of the flags of a command and its subcommands. They
// offer files only for flags with files.
func completeFlags(c *cobra.Command, values map[string]cobra.CompletionFunc) {
	complete := func(flag *pflag.Flag) {
		if _, registered := c.GetFlagCompletionFunc(flag.Name); registered {
			return
		}
		value, known := values[flag.Name]
		kind, _ := pflag.UnquoteUsage(flag)
		switch {
		case known:
		case kind == "file" || kind == "directory":
			return
		default:
			value = cobra.NoFileCompletions
		}
		_ = c.RegisterFlagCompletionFunc(flag.Name, value) // it fails only for a flag that does not exist
	}
	c.Flags().VisitAll(complete)
	c.PersistentFlags().VisitAll(complete)
	for _, sub := range c.Commands() {
		completeFlags(sub, values)
	}
}
