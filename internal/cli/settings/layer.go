package settings

import (
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/config"
)

// A layer returns its value for a flag, or false if it has none.
type layer func(flag *pflag.Flag) (value, bool)

// A value is what a layer has for a flag.
type value struct {
	texts  []string // as on the command line; none empties a repeatable flag
	source config.Source
	wrong  func(error) error // describes that the flag does not accept a text
}

// excluded lists flags that make no sense next to another one. In a lower layer they do not count:
// with --sandbox on the command line, account and region of the config file do not matter.
var excluded = map[string][]string{
	"sandbox": {"profile", "endpoint-url", "account", "region"},
	"offline": {"sandbox", "endpoint-url"},
	"resume":  {"new"},
}

// applyLayer sets the flags that the command line and higher layers have not set.
func applyLayer(flags *pflag.FlagSet, l layer) error {
	var failed error
	decided := map[string]bool{}
	for by, names := range excluded {
		flag := flags.Lookup(by)
		if flag == nil || !flag.Changed || flag.Value.String() == "false" || flag.Value.String() == "" {
			continue
		}
		for _, name := range names {
			decided[name] = true
		}
	}
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed || decided[flag.Name] || failed != nil {
			return
		}
		if v, ok := l(flag); ok {
			failed = setFlag(flags, flag, v)
		}
	})
	return failed
}

func setFlag(flags *pflag.FlagSet, flag *pflag.Flag, v value) error {
	if list, ok := flag.Value.(pflag.SliceValue); ok && len(v.texts) == 0 {
		if err := list.Replace(nil); err != nil {
			return v.wrong(err)
		}
		flag.Changed = true // lower layers must not fill it
	}
	for _, text := range v.texts {
		if err := flags.Set(flag.Name, text); err != nil {
			return v.wrong(err)
		}
	}
	config.Mark(flag, v.source)
	return nil
}
