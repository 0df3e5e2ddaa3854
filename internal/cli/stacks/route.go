package stacks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/settings"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
)

// A route is how a command of this machine is carried out on a stack.
type route struct {
	run func(ctx context.Context, f stackFlags, flags *pflag.FlagSet, args []string, streams terminal.Streams) error
	// flags are those that apply to a stack as well, in addition to everyFlag.
	flags []string
}

// everyFlag are the flags that apply to every command on a stack.
var everyFlag = []string{
	"stack", "target", "config", "account", "region", "profile", "endpoint-url", "yes", "quiet", "output", "color", "log", "verbose", "help",
}

// lists are the flags that select devices.
var lists = []string{"only", "skip", "ignore-unmatched"}

// WithStack gives commands of this machine the flag --stack, with which a stack carries them out. It returns
// the commands.
func WithStack(streams terminal.Streams, commands ...*cobra.Command) []*cobra.Command {
	routes := map[string]route{
		"activate":   {run: runCommand("activate"), flags: lists},
		"deactivate": {run: runCommand("deactivate"), flags: lists},
		"verify":     {run: runCommand("verify"), flags: append([]string{"full", "fix", "connected", "report", "overwrite"}, lists...)},
		"undo":       {run: runCommand("undo"), flags: append([]string{"dry-run", "deactivate-only"}, lists...)},
		"imports":    {run: routeImports, flags: []string{"state", "since", "manifest"}},
		"show":       {run: routeShow, flags: []string{"live"}},
		"report":     {run: routeReport, flags: []string{"format", "overwrite"}},
	}
	for _, c := range commands {
		if r, ok := routes[c.Name()]; ok {
			r.add(c, streams)
		}
	}
	return commands
}

// add adds the flag to a command.
func (r route) add(c *cobra.Command, streams terminal.Streams) {
	var name string
	flags := c.Flags()
	flags.StringVar(&name, "stack", "", "`name` of the stack that has the import and carries the command out")
	for _, flag := range []struct{ name, usage string }{
		{"account", "refuse any account other than this `ID`"},
		{"region", "AWS `region` (default: from the AWS configuration)"},
		{"profile", "`profile` of the AWS configuration"},
		{"endpoint-url", "`URL` to call instead of AWS, for all services"},
	} {
		if flags.Lookup(flag.name) == nil { // a command that makes no calls on this machine
			flags.String(flag.name, "", flag.usage+", with --stack")
		}
	}
	local, complete := c.RunE, c.ValidArgsFunction
	c.RunE = func(c *cobra.Command, args []string) error {
		if !given(flags, "stack") {
			return local(c, args)
		}
		f, err := r.flagsOf(flags, name)
		if err != nil {
			return err
		}
		return r.run(c.Context(), f, flags, args, streams)
	}
	c.ValidArgsFunction = func(c *cobra.Command, args []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
		f, err := r.flagsOf(flags, name)
		switch {
		case given(flags, "stack") && err == nil && c.Name() != "imports":
			return f.completeImports(c, args, start)
		case complete == nil:
			return nil, cobra.ShellCompDirectiveDefault
		}
		return complete(c, args, start)
	}
}

// given reports whether the command line has a flag. A stack in the config file is for the commands that only
// stacks have.
func given(flags *pflag.FlagSet, name string) bool {
	flag := flags.Lookup(name)
	return flag != nil && flag.Changed && !config.IsPreset(flag)
}

// flagsOf returns the flags of a command on a stack. It returns an error if the command line has one that
// applies only to this machine.
func (r route) flagsOf(flags *pflag.FlagSet, name string) (stackFlags, error) {
	f := stackFlags{stack: name}
	if name == "" {
		return f, exit.UsageError(fmt.Errorf("--stack names no stack"), "")
	}
	if len(settings.Targets(flags)) > 1 {
		return f, exit.UsageError(fmt.Errorf("--stack cannot be combined with several targets"), "name the target of the stack")
	}
	var local []string
	flags.Visit(func(flag *pflag.Flag) {
		if given(flags, flag.Name) && !slices.Contains(everyFlag, flag.Name) && !slices.Contains(r.flags, flag.Name) {
			local = append(local, "--"+flag.Name)
		}
	})
	if len(local) > 0 {
		return f, exit.UsageError(
			fmt.Errorf("%s cannot be combined with --stack, which works on the imports of a stack", strings.Join(local, ", ")),
			"leave out one of them")
	}
	for flag, to := range map[string]*string{
		"account": &f.Account, "region": &f.Region, "profile": &f.Profile, "endpoint-url": &f.EndpointURL,
	} {
		*to, _ = flags.GetString(flag) // every command has them
	}
	f.quiet = boolOf(flags, "quiet")
	if output := flags.Lookup("output"); output != nil {
		if err := f.output.Set(output.Value.String()); err != nil {
			return f, err
		}
	}
	return f, nil
}

func boolOf(flags *pflag.FlagSet, name string) bool {
	value, _ := flags.GetBool(name) // false without the flag
	return value
}

func textOf(flags *pflag.FlagSet, name string) string {
	value, _ := flags.GetString(name) // empty without the flag
	return value
}
