package settings

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// renamed are flags that had another name in version 0.1.0. The next release accepts the old
// name, and the variable with that name, without showing it. It is removed in the release after.
var renamed = []struct{ command, old, name string }{
	{"generate", "key", "key-type"},
	{"sandbox", "applied", "applied-quota"},
	{"sandbox", "quota", "enforced-quota"},
	{"sandbox", "state", "sandbox-state"},
	{"stack imports", "most", "limit"},
}

// AcceptOldNames makes the commands of root accept the flags that were renamed under their old
// names. It panics if there is no such command or flag.
func AcceptOldNames(root *cobra.Command) {
	for _, r := range renamed {
		c, _, err := root.Find(strings.Fields(r.command))
		if err != nil || c.Flags().Lookup(r.name) == nil {
			panic("no flag --" + r.name + " of " + r.command)
		}
		command := r.command
		c.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
			for _, r := range renamed {
				if r.command == command && r.old == name {
					return pflag.NormalizedName(r.name)
				}
			}
			return pflag.NormalizedName(name)
		})
	}
}

// oldNames returns the names that a flag of the command with this path had.
func oldNames(path, flag string) (names []string) {
	for _, r := range renamed {
		if r.name == flag && "thingpress "+r.command == path {
			names = append(names, r.old)
		}
	}
	return names
}

// flagsByName returns the flags of root and of all commands below it.
func flagsByName(root *cobra.Command) map[string][]*pflag.Flag {
	found := map[string][]*pflag.Flag{}
	add := func(flag *pflag.Flag) { found[flag.Name] = append(found[flag.Name], flag) }
	root.Flags().VisitAll(add)
	root.PersistentFlags().VisitAll(add)
	for _, sub := range root.Commands() {
		for name, flags := range flagsByName(sub) {
			found[name] = append(found[name], flags...)
		}
	}
	return found
}
