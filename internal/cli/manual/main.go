// Command manual writes the man pages of thingpress and its completions for shells, which
// packages install. It is a program of its own so that thingpress does not carry them.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli"
)

func main() {
	version := flag.String("version", "devel", "version of thingpress")
	date := flag.String("date", "", "`date` of the pages")
	flag.Parse()
	if err := writeManual(flag.Arg(0), *version, *date); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

// writeManual writes man pages into man and completions into completions below dir.
func writeManual(dir, version, date string) error {
	if dir == "" {
		return errors.New("usage: manual [-version VERSION] [-date DATE] DIRECTORY")
	}
	// Some defaults are files in the home directory, and that of the build is nobody's.
	if err := errors.Join(os.Setenv("HOME", "~"), os.Unsetenv("XDG_STATE_HOME")); err != nil {
		return err
	}
	root := cli.Commands()
	man, completions := filepath.Join(dir, "man"), filepath.Join(dir, "completions")
	if err := errors.Join(os.MkdirAll(man, 0o755), os.MkdirAll(completions, 0o755)); err != nil { //nolint:gosec // for all users
		return err
	}
	return errors.Join(
		writePages(man, root, version, date),
		root.GenBashCompletionFileV2(filepath.Join(completions, "thingpress.bash"), true),
		root.GenZshCompletionFile(filepath.Join(completions, "_thingpress")),
		root.GenFishCompletionFile(filepath.Join(completions, "thingpress.fish"), true),
		root.GenPowerShellCompletionFileWithDesc(filepath.Join(completions, "thingpress.ps1")),
	)
}

// writePages writes the pages of a command and of its subcommands.
func writePages(dir string, c *cobra.Command, version, date string) error {
	c.InitDefaultHelpFlag()
	path := filepath.Join(dir, pageName(c)+".1")
	if err := os.WriteFile(path, []byte(page(c, version, date)), 0o644); err != nil { //nolint:gosec // for all users
		return err
	}
	for _, sub := range documented(c) {
		if err := writePages(dir, sub, version, date); err != nil {
			return err
		}
	}
	return nil
}

// pageName returns the name of a command's page, such as thingpress-stack-deploy.
func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// documented returns the subcommands that have pages, and the topics of help.
func documented(c *cobra.Command) (list []*cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			list = append(list, sub)
		}
	}
	return list
}
