package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
)

// flagGroups are the headings under which the help lists flags, in this order. A flag means the
// same in all commands, so its group does not depend on the command. Flags that no group has come
// first, under "Flags".
var flagGroups = []struct{ heading, flags string }{
	{"What each device gets", "policy thing-type thing-group billing-group attribute thing-name status adopt exclusive row-settings"},
	{
		"Manifests",
		"vendor columns delimiter preset bundle slot label index json-pointer " +
			"source-profile request-payer signer allow-ca allow-expired allow-late-signature allow-test-material partial manifest as-manifest",
	},
	{"Devices", "group query only skip ignore-unmatched"},
	{"Requests", "client-id request will persistent protocol witness against-aws clean-up"},
	{"Private keys", "keys"},
	{"Run", "disconnect yes dry-run new resume plan out ledger report overwrite max-failures no-baseline ignore-policy " +
		"quota share connect-rate"},
	{"Target", "config target account region profile endpoint-url stack sandbox sandbox-state offline strict-names"},
	{"Devices that connect", "broker mqtt mqtt-host mqtt-any-host mqtt-ca"},
	{"Output", "live notify notify-secret-file metrics all failed rejected format limit examples output quiet verbose log color help"},
	{"Limits of manifests", "max-entries max-entry-bytes max-depth max-members max-expanded max-ratio max-dictionary"},
}

// fewFlags is the number of flags that need no groups.
const fewFlags = 8

// printHelp returns the function that prints the help of a command. It and [printUsage] take the
// place of templates: templates call methods by name, for which the linker would have to keep
// every method of the AWS SDK.
func printHelp(width int) func(*cobra.Command, []string) {
	return func(c *cobra.Command, _ []string) {
		text := c.Long
		if text == "" {
			text = c.Short
		}
		text, codes := strings.CutSuffix(text, exit.Help)
		fmt.Fprintln(c.OutOrStdout(), strings.TrimSpace(text))
		if c.Runnable() || c.HasSubCommands() {
			fmt.Fprintf(c.OutOrStdout(), "\n%s\n", usageText(c, width))
		}
		if codes {
			fmt.Fprintf(c.OutOrStdout(), "\n%s\n", exit.Help)
		}
	}
}

// printUsage returns the function that prints how a command is used, with flags wrapped at
// width.
func printUsage(width int) func(*cobra.Command) error {
	return func(c *cobra.Command) error {
		_, err := fmt.Fprintln(c.OutOrStderr(), usageText(c, width))
		return err
	}
}

func usageText(c *cobra.Command, width int) string {
	var b strings.Builder
	b.WriteString("Usage:")
	if c.Runnable() {
		b.WriteString("\n  " + c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("\n  " + c.CommandPath() + " COMMAND")
	}
	if c.HasExample() {
		b.WriteString("\n\nExamples:\n" + c.Example)
	}
	var commands, topics strings.Builder
	for _, sub := range c.Commands() {
		line := fmt.Sprintf("\n  %-*s  %s", sub.NamePadding(), sub.Name(), sub.Short)
		switch {
		case sub.IsAdditionalHelpTopicCommand():
			topics.WriteString(line)
		case sub.IsAvailableCommand():
			commands.WriteString(line)
		}
	}
	if commands.Len() > 0 {
		b.WriteString("\n\nCommands:" + commands.String())
	}
	if topics.Len() > 0 {
		fmt.Fprintf(&b, "\n\nTopics, for %s help TOPIC:%s", c.CommandPath(), topics.String())
	}
	b.WriteString(flagsText(c, width))
	if commands.Len() > 0 {
		fmt.Fprintf(&b, "\n\nSee %s COMMAND --help for more about a command.", c.CommandPath())
	}
	return b.String()
}

// flagsText lists the flags of a command by group.
func flagsText(c *cobra.Command, width int) string {
	groups, count := make([]*pflag.FlagSet, len(flagGroups)+1), 0
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		count++
		group := 0
		for i, g := range flagGroups {
			if strings.Contains(" "+g.flags+" ", " "+f.Name+" ") {
				group = i + 1
			}
		}
		if groups[group] == nil {
			groups[group] = pflag.NewFlagSet("", pflag.ContinueOnError)
		}
		groups[group].AddFlag(f)
	})
	if count <= fewFlags {
		return "\n\nFlags:\n" + wrapped(c.Flags(), width)
	}
	text := ""
	for i, group := range groups {
		if group == nil {
			continue
		}
		heading := "Flags"
		if i > 0 {
			heading = flagGroups[i-1].heading
		}
		text += "\n\n" + heading + ":\n" + wrapped(group, width)
	}
	return text
}

func wrapped(flags *pflag.FlagSet, width int) string {
	return strings.TrimRight(flags.FlagUsagesWrapped(width), " \n")
}
