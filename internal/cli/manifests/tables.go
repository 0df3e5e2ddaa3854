package manifests

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/nearest"
	"github.com/thingpress/thingpress/internal/xdg"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// tableFlags are the flags that say what the columns of a table hold.
type tableFlags struct {
	columns, delimiter, preset string
}

func (f *tableFlags) addTableFlags(c *cobra.Command) {
	of := vendors.Titles(vendors.With(manifest.OptionColumns))
	flags := c.Flags()
	flags.StringVar(&f.columns, "columns", "",
		of+": what the `columns` hold, by header or number, such as 'cert=Certificate,check=CN,group=Line' ('thingpress help columns')")
	flags.StringVar(&f.delimiter, "delimiter", "",
		of+": `character` that separates the columns: comma, semicolon, tab or bar (default: what fits the header)")
	flags.StringVar(&f.preset, "preset", "",
		of+": `name` of the program that wrote the table, or of a preset of your own ('thingpress help presets')")
	Complete(c, "delimiter", []string{"comma", "semicolon", "tab", "bar"})
	_ = c.RegisterFlagCompletionFunc("preset", completePreset) // it fails only for a flag that does not exist
}

func completePreset(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, err := presetNames()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// tables returns the columns and the delimiter of the flags. Its errors are usage errors.
func (f *tableFlags) tables(vendor string) (columns manifest.Columns, delimiter byte, err error) {
	if f.columns == "" && f.delimiter == "" && f.preset == "" {
		return columns, 0, nil
	}
	takers := vendors.With(manifest.OptionColumns)
	takes := func(format manifest.Format) bool { return format.Vendor() == vendor }
	if vendor != "" && !slices.ContainsFunc(takers, takes) {
		return columns, 0, exit.UsageError(
			fmt.Errorf("--columns, --delimiter and --preset are for manifests of %s, not of %s", vendors.Titles(takers), vendor),
			"leave out --vendor")
	}
	if f.preset != "" {
		if columns, err = presetColumns(f.preset); err != nil {
			return columns, 0, err
		}
	}
	over, err := manifest.ParseColumns(f.columns)
	if err != nil {
		return columns, 0, exit.UsageError(fmt.Errorf("--columns: %w", err), "see 'thingpress help columns'")
	}
	columns = columns.With(over)
	if !columns.IsZero() && !columns.Has(manifest.UseCert) {
		return columns, 0, exit.UsageError(fmt.Errorf("--columns %s names no column with the certificates", terminal.ShellQuote(f.columns)),
			"add cert=COLUMN")
	}
	if f.delimiter != "" {
		if delimiter, err = manifest.ParseDelimiter(f.delimiter); err != nil {
			return columns, 0, exit.UsageError(fmt.Errorf("--delimiter: %w", err), "")
		}
	}
	return columns, delimiter, nil
}

const presetExtension = ".toml"

// presetDir returns the directory with the user's own presets, which need not exist; "" without a home directory.
func presetDir() string {
	file, err := xdg.ConfigFile()
	if err != nil {
		return ""
	}
	return filepath.Join(filepath.Dir(file), "presets")
}

// presetColumns returns the columns of a preset: the user's own with this name, or else one of the library's.
func presetColumns(name string) (manifest.Columns, error) {
	if dir := presetDir(); dir != "" && name == filepath.Base(name) {
		path := filepath.Join(dir, name+presetExtension)
		text, err := os.ReadFile(path)
		switch {
		case err == nil:
			preset, err := vendors.ParsePreset(name, text)
			if err != nil {
				return manifest.Columns{}, exit.UsageError(fmt.Errorf("--preset %s: %s: %w", name, path, err), "")
			}
			return preset.Columns, nil
		case !errors.Is(err, fs.ErrNotExist):
			return manifest.Columns{}, exit.UsageError(fmt.Errorf("--preset %s: %w", name, err), "")
		}
	}
	for _, preset := range vendors.Presets() {
		if preset.Name == name {
			return preset.Columns, nil
		}
	}
	names, err := presetNames()
	if err != nil {
		return manifest.Columns{}, exit.UsageError(fmt.Errorf("--preset %s: %w", name, err), "")
	}
	hint := "see 'thingpress help presets' for how to write your own"
	if near := nearest.Of(name, names); near != "" {
		hint = "write --preset " + near
	}
	return manifest.Columns{}, exit.UsageError(fmt.Errorf("no preset %q; there are %s", name, strings.Join(names, ", ")), hint)
}

// presetNames returns the names of all presets, sorted.
func presetNames() ([]string, error) {
	var names []string
	for _, preset := range vendors.Presets() {
		names = append(names, preset.Name)
	}
	if dir := presetDir(); dir != "" {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if name, ok := strings.CutSuffix(e.Name(), presetExtension); ok {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
