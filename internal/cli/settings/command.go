package settings

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/plain"
)

type showOptions struct {
	path   bool
	all    bool
	output terminal.Output
}

// NewCommand returns `thingpress config`, which has every flag of the commands of root. It must be
// the last one that root gets. Fresh is that of [Load].
func NewCommand(root *cobra.Command, streams terminal.Streams, fresh func() *cobra.Command) *cobra.Command {
	var o showOptions
	var file *config.File
	c := &cobra.Command{
		Use:   "config",
		Short: "Show the settings in force, and where each comes from",
		Long: `Show the settings that commands find: the name and value of each, and whether it
comes from a flag, a variable, a target in the config file, or the part of the file
for all targets. This is also their order of precedence. Every flag of every command
can be given, to see its effect.

The config file has the names of flags as keys, and tables for targets:

  region = "eu-west-1"

  [targets.production]
  profile = "factory"
  account = "111122223333"
  policy = ["sensors", "audit"]
  thing-type = "sensor"

--target production, or THINGPRESS_TARGET, chooses a target. docs/config.md has more.`,
		Example: `  thingpress config
  thingpress config --target production --region us-east-1
  thingpress config --path`,
		Args: cobra.NoArgs,
		PersistentPreRunE: func(c *cobra.Command, _ []string) (err error) {
			if o.path { // also for a file with mistakes
				return applyLayer(c.Flags(), environmentLayer(c.CommandPath(), streams.LookupEnv))
			}
			file, err = Load(c, streams, fresh)
			return err
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if o.path {
				return printPath(c.Flags(), streams)
			}
			return showSettings(c.Flags(), file, o, streams)
		},
	}
	c.Flags().BoolVar(&o.path, "path", false, "print only the path of the config file, which need not exist")
	c.Flags().BoolVar(&o.all, "all", false, "show all settings, including those that have their default")
	o.output.AddFlag(c)
	for name, flags := range flagsByName(root) {
		if c.Flags().Lookup(name) == nil && root.PersistentFlags().Lookup(name) == nil && !slices.Contains(unsettable, name) {
			flag := *flags[0]
			flag.Hidden, flag.Shorthand = true, ""
			c.Flags().AddFlag(&flag)
		}
	}
	return c
}

func printPath(flags *pflag.FlagSet, streams terminal.Streams) error {
	path, _, err := filePath(flags)
	if err != nil {
		return exit.WithHint(fmt.Errorf("find the config directory: %w", err), "name a file with --config")
	}
	if path == "" {
		return exit.UsageError(errors.New("--config is empty, so there is no config file"), "")
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	_, err = plain.Fprintf(streams.Out, "%s\n", path)
	return err
}

// A fileLine says as JSON what was read.
type fileLine struct {
	Type   string `json:"type"`
	File   string `json:"file,omitempty"`
	Target string `json:"target,omitempty"`
}

// A settingLine is a setting as JSON.
type settingLine struct {
	Type     string      `json:"type"`
	Name     string      `json:"name"`
	Values   []string    `json:"values"`
	From     config.From `json:"from"`
	Variable string      `json:"variable,omitempty"`
	Target   string      `json:"target,omitempty"`
	Line     int         `json:"line,omitempty"`
}

func showSettings(flags *pflag.FlagSet, file *config.File, o showOptions, streams terminal.Streams) error {
	endpoint := target.AccountFlags{EndpointURL: flags.Lookup("endpoint-url").Value.String()}
	if err := endpoint.CheckEndpoint(); err != nil { // it may have a password
		return err
	}
	lines := settingsOf(flags, o.all)
	if o.output == terminal.JSON {
		head := fileLine{Type: "config", Target: flags.Lookup(targetFlag).Value.String()}
		if file != nil {
			head.File = file.Path
		}
		if err := streams.PrintJSON(head); err != nil {
			return err
		}
		return terminal.PrintLines(streams, lines)
	}
	if file != nil {
		plain.Fprintf(streams.Err, "config file: %s\n", file.Path)
	} else if path, _, err := filePath(flags); err == nil && path != "" {
		plain.Fprintf(streams.Err, "config file: none (%s does not exist)\n", path)
	} else {
		plain.Fprintf(streams.Err, "config file: none\n")
	}
	if len(lines) == 0 {
		plain.Fprintf(streams.Err, "every setting has its default\n")
		return nil
	}
	t := streams.Table([]terminal.Column{{Name: "SETTING"}, {Name: "VALUE", Cut: true}, {Name: "FROM"}})
	for _, l := range lines {
		t.Row(l.Name, strings.Join(l.Values, ", "), config.Source{From: l.From, Name: l.Variable + l.Target}.String())
	}
	return t.Flush()
}

// settingsOf returns the settings that something has set, or all.
func settingsOf(flags *pflag.FlagSet, all bool) (lines []settingLine) {
	flags.VisitAll(func(flag *pflag.Flag) {
		source := config.SourceOf(flag)
		own := flag.Name == "path" || flag.Name == "all" || flag.Name == "output" // of this command, if the command line has them
		switch {
		case own && source.From == config.FromFlag, slices.Contains(unsettable[1:], flag.Name), !all && source.From == config.FromDefault:
			return
		}
		l := settingLine{Type: "setting", Name: flag.Name, Values: []string{flag.Value.String()}, From: source.From, Line: source.Line}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			l.Values = append([]string{}, list.GetSlice()...)
		}
		if flag.Name == "notify" && flag.Changed {
			l.Values[0] = target.NoticeHost(l.Values[0])
		}
		switch source.From {
		case config.FromEnvironment:
			l.Variable = source.Name
		case config.FromTarget:
			l.Target = source.Name
		case config.FromFlag, config.FromFile, config.FromDefault:
		}
		lines = append(lines, l)
	})
	return lines
}
