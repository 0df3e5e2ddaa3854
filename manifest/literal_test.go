package manifest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A library does not know where its errors are read, so it must not name flags or commands.
func TestNoLiteralNamesAFlagOrACommand(t *testing.T) {
	t.Parallel()
	words := regexp.MustCompile(`--[a-z]|\bthingpress [a-z]`)
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text := strings.ReplaceAll(literal.Value, "-----begin", "") // the armour of PEM
			if found := words.FindString(text); found != "" {
				t.Errorf("%s: a literal names %q: %s", set.Position(literal.Pos()), found, literal.Value)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were read", files)
	}
}
