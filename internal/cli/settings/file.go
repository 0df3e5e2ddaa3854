package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/nearest"
	"github.com/thingpress/thingpress/internal/xdg"
)

// filePath returns the path of the config file, which is empty if there can be none, and reports
// whether --config names it.
func filePath(flags *pflag.FlagSet) (path string, named bool, err error) {
	if flag := flags.Lookup(configFlag); flag != nil && flag.Changed {
		return flag.Value.String(), true, nil
	}
	path, err = xdg.ConfigFile()
	return path, false, err
}

// readFile reads the config file. It returns nil if there is none, unless --config names it.
func readFile(flags *pflag.FlagSet) (*config.File, error) {
	path, named, err := filePath(flags)
	if err != nil || path == "" { // without a home directory there is no config file
		return nil, nil //nolint:nilnil // a missing file is not an error
	}
	file, err := config.Read(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil //nolint:nilnil // a missing file is not an error
	}
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("config file: %w", err), "")
	}
	return file, nil
}

// unsettable are flags that a config file cannot set: the first names the file, the others replace
// what a command does.
var unsettable = []string{configFlag, "help", "version"}

// checkFile returns a usage error if the file has a setting that no command of root knows, or a
// value that none accepts. It sets flags of root.
func checkFile(file *config.File, root *cobra.Command) error {
	known := flagsByName(root)
	for _, name := range unsettable {
		delete(known, name)
	}
	if err := checkSettings(file.Path, file.Settings, known); err != nil {
		return err
	}
	delete(known, targetFlag)
	for _, t := range file.Targets {
		if err := checkSettings(file.Path, t.Settings, known); err != nil {
			return err
		}
	}
	return nil
}

func checkSettings(path string, settings []config.Setting, known map[string][]*pflag.Flag) error {
	for _, s := range settings {
		flags := known[s.Name]
		if len(flags) == 0 {
			hint := "see 'thingpress config --all' for the names"
			if name := nearest.Of(s.Name, slices.Sorted(maps.Keys(known))); name != "" {
				hint = "write " + name
			}
			return wrongSetting(path, s, errors.New("no command has a setting with this name"), hint)
		}
		var wrong error
		for _, flag := range flags {
			if wrong = accepts(flag, s); wrong == nil {
				break
			}
		}
		if wrong != nil {
			return wrongSetting(path, s, wrong, "")
		}
	}
	return nil
}

func wrongSetting(path string, s config.Setting, err error, hint string) error {
	return exit.UsageError(&config.Error{Path: path, Line: s.Line, Err: fmt.Errorf("%s: %w", s.Name, err)}, hint)
}

// accepts returns an error if a flag does not accept a setting. It sets the flag.
func accepts(flag *pflag.Flag, s config.Setting) error {
	needed := []config.Kind{config.String}
	switch typ := flag.Value.Type(); {
	case isRepeatable(flag):
		needed = []config.Kind{config.List, config.String}
	case typ == "bool":
		needed = []config.Kind{config.Boolean}
	case strings.HasPrefix(typ, "int"), strings.HasPrefix(typ, "uint"):
		needed = []config.Kind{config.Integer}
	case strings.HasPrefix(typ, "float"):
		needed = []config.Kind{config.Float, config.Integer}
	}
	if !slices.Contains(needed, s.Kind) {
		return fmt.Errorf("%s is needed, not %s", needed[0], s.Kind)
	}
	for _, text := range s.Values {
		if err := flag.Value.Set(text); err != nil {
			return err
		}
	}
	return nil
}

func isRepeatable(flag *pflag.Flag) bool {
	_, ok := flag.Value.(pflag.SliceValue)
	return ok
}

// fileLayer returns the values of settings in a file for flags.
func fileLayer(path string, settings []config.Setting, source config.Source) layer {
	return func(flag *pflag.Flag) (value, bool) {
		i := slices.IndexFunc(settings, func(s config.Setting) bool { return s.Name == flag.Name })
		if i < 0 {
			return value{}, false
		}
		s := settings[i]
		source.Line = s.Line
		return value{s.Values, source, func(err error) error { return wrongSetting(path, s, err, "") }}, true
	}
}
