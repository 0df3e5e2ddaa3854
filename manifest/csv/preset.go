package csv

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/table"
)

// A Preset describes the tables of one program.
type Preset struct {
	// Name is the name of the preset, such as "nordic".
	Name string
	// Title says in a few words where the tables come from.
	Title string
	// Columns say what the columns hold.
	Columns manifest.Columns
	// Without are headers that the tables do not have.
	Without []string
	// Width is the number of columns of tables without a header; 0 if any.
	Width int
}

// ParsePreset parses the TOML of a preset, with the keys title, columns (see
// [manifest.ParseColumns]), without and width, of which only columns must be there.
func ParsePreset(name string, text []byte) (Preset, error) {
	var in struct {
		Title   string   `toml:"title"`
		Columns string   `toml:"columns"`
		Without []string `toml:"without"`
		Width   int      `toml:"width"`
	}
	decoder := toml.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return Preset{}, placed(err)
	}
	columns, err := manifest.ParseColumns(in.Columns)
	switch {
	case err != nil:
		return Preset{}, fmt.Errorf("columns: %w", err)
	case !columns.Has(manifest.UseCert):
		return Preset{}, fmt.Errorf("columns: none is said to hold the certificates (%s=)", manifest.UseCert)
	case in.Width < 0 || in.Width > table.MaxColumns:
		return Preset{}, fmt.Errorf("width: %d is not from 1 to %d", in.Width, table.MaxColumns)
	}
	return Preset{Name: name, Title: in.Title, Columns: columns, Without: in.Without, Width: in.Width}, nil
}

// placed adds the place to an error of the TOML decoder.
func placed(err error) error {
	var bad *toml.DecodeError
	var unknown *toml.StrictMissingError
	switch {
	case errors.As(err, &bad):
		line, column := bad.Position()
		return fmt.Errorf("line %d, column %d: %w", line, column, err)
	case errors.As(err, &unknown) && len(unknown.Errors) > 0:
		line, _ := unknown.Errors[0].Position()
		return fmt.Errorf("line %d: a preset has no key %s; it has title, columns, without and width", line,
			manifest.Quote(strings.Join(unknown.Errors[0].Key(), ".")))
	}
	return err
}

//go:embed presets/*.toml
var files embed.FS

// builtin are the presets of the library, which its tests parse.
var builtin = sync.OnceValue(func() []Preset {
	entries, err := files.ReadDir("presets")
	if err != nil {
		panic(err)
	}
	presets := make([]Preset, len(entries))
	for i, e := range entries {
		text, err := files.ReadFile("presets/" + e.Name())
		if err == nil {
			presets[i], err = ParsePreset(strings.TrimSuffix(e.Name(), path.Ext(e.Name())), text)
		}
		if err != nil {
			panic(fmt.Sprintf("preset %s: %v", e.Name(), err))
		}
	}
	return presets
})

// Presets returns the presets that the library knows, sorted by name.
func Presets() []Preset { return slices.Clone(builtin()) }

// presetOf returns the preset of a table that begins with text, which may be cut off.
func presetOf(text []byte, stated byte) (Preset, bool) {
	for _, p := range builtin() {
		for _, delimiter := range candidates(stated) {
			if p.fits(text, delimiter) {
				return p, true
			}
		}
	}
	return Preset{}, false
}

// fits reports whether text begins like a table of the preset. Without a header, the first
// record must have a certificate in its place.
func (p *Preset) fits(text []byte, delimiter byte) bool {
	if p.Columns.ByNumber() {
		place := searchByNumber(p.Columns, text, delimiter, true)
		return place.layout != nil && place.names == nil && place.width == p.Width && place.score > table.MaxColumns
	}
	var r table.Record
	_, found := r.Parse(text, delimiter, true)
	if found != table.Parsed || r.Odd != "" {
		return false
	}
	names := r.Names()
	_, err := newLayout(p.Columns, names, len(names))
	return err == nil && !slices.ContainsFunc(p.Without, func(without string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return manifest.ColumnKey(name) == manifest.ColumnKey(without) })
	})
}
