package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nearest returns the candidate that word was probably meant to be, or "" if none is similar: one
// that begins with it, or differs by at most a third of its letters.
func nearest(word string, candidates []string) string {
	best, least := "", len(word)/3+1
	for _, candidate := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(candidate))
		if len(word) > 2 && strings.HasPrefix(candidate, word) {
			d = min(d, 1)
		}
		if d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance returns the number of bytes to insert, delete, replace or swap with their neighbour
// that make b of a.
func distance(a, b string) int {
	var beforeLast []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], beforeLast[j-1]+1)
			}
		}
		beforeLast, last = last, row
	}
	return last[len(b)]
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
		if name := nearest(flag, names); name != "" {
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
		if name := nearest(word, names); name != "" {
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
			found = append(found, [2]string{name, nearest(name, known)})
		}
	}
	return found
}

// ofTests reports whether a variable is for the tests of Thingpress.
func ofTests(name string) bool {
	return name == environmentPrefix+"PEERS" || name == environmentPrefix+"REQUIRE" || strings.HasPrefix(name, environmentPrefix+"TEST_")
}
