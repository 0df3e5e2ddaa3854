package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// environmentName is the variable that stands for a flag.
func environmentName(flag string) string {
	return "THINGPRESS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// flagsFromEnvironment sets the flags that the command line left out and that
// the environment has. An empty variable is as good as none.
func flagsFromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		value, ok := lookup(environmentName(flag.Name))
		if !ok || value == "" || flag.Changed || flag.Name == "help" || failed != nil {
			return
		}
		values := []string{value}
		if _, repeats := flag.Value.(pflag.SliceValue); repeats {
			values = splitList(value)
		}
		for _, v := range values {
			if err := flags.Set(flag.Name, v); err != nil {
				failed = usage(fmt.Errorf("%s: %w", environmentName(flag.Name), err), "unset it, or see --help for what --"+flag.Name+" takes")
				return
			}
		}
	})
	return failed
}

// splitList splits at commas; \, is a comma and \\ a backslash inside a value.
func splitList(list string) []string {
	var values []string
	var value strings.Builder
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && i+1 < len(list) && (list[i+1] == ',' || list[i+1] == '\\'):
			i++
			value.WriteByte(list[i])
		case c == ',':
			values = append(values, strings.TrimSpace(value.String()))
			value.Reset()
		default:
			value.WriteByte(c)
		}
	}
	return append(values, strings.TrimSpace(value.String()))
}
