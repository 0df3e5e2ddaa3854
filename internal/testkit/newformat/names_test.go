package newformat

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// formOfOutput is a format that is also the name of a form of reports, and of what convert
// writes. Only the files with those forms may contain it.
const formOfOutput = "csv"

var filesOfForms = []string{
	"internal/cli/imports/convert.go", "internal/cli/imports/convert_forms.go", "internal/cli/imports/convert_list.go",
	"internal/cli/imports/report.go",
}

// namesOfFormats returns the places in a Go file with code for one format: it
// imports the format's package, or contains its name or a value of its options.
func namesOfFormats(file string, source any) ([]string, error) {
	names := vendors.Names()
	var values, packages []string
	for _, f := range vendors.Formats() {
		packages = append(packages, "github.com/thingpress/thingpress/manifest/"+strings.ReplaceAll(f.Vendor(), "-", ""))
		for _, option := range f.Options {
			values = append(values, option.Values...)
		}
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if text == formOfOutput && slices.Contains(filesOfForms, filepath.ToSlash(file)) {
			return true
		}
		if err == nil && slices.Contains(slices.Concat(names, values, packages), text) {
			found = append(found, set.Position(literal.Pos()).String()+": "+literal.Value)
		}
		return true
	})
	return found, nil
}

// Code for one format must be in its package, or in the generator of its manifests.
func TestNoCodeNamesAFormat(t *testing.T) {
	t.Parallel()
	root := require.Root(t)
	for _, top := range []string{"cmd", "internal", "stack"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			below, _ := filepath.Rel(root, path)
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || below == "internal/material" || below == "internal/testkit"):
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			found, err := namesOfFormats(below, source)
			for _, place := range found {
				t.Errorf("%s: read it from manifest/vendors, so that a new format is known here too", place)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNameOfAFormatInCodeIsNoticed(t *testing.T) {
	t.Parallel()
	found, err := namesOfFormats("x.go", `package x

import "github.com/thingpress/thingpress/manifest/microchip"

var a, b, c = "infineon", "E0E1", "an infineon archive"
`)
	if err != nil || len(found) != 3 || !strings.HasPrefix(found[1], "x.go:5") {
		t.Errorf("%v, %v", found, err)
	}
}
