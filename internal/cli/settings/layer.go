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

// excluded maps flags to others that make no sense next to them. In a lower layer they do not
// count: with --sandbox on the command line, account and region of the config file do not matter.
var excluded = map[string]string{
	"profile": "sandbox", "endpoint-url": "sandbox", "account": "sandbox", "region": "sandbox",
	"new": "resume",
}

// applyLayer sets the flags that the command line and higher layers have not set.
func applyLayer(flags *pflag.FlagSet, l layer) error {
	var failed error
	decided := map[string]bool{}
	for name, by := range excluded {
		flag := flags.Lookup(by)
		decided[name] = flag != nil && flag.Changed && flag.Value.String() != "false" && flag.Value.String() != ""
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
