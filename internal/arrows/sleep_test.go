package arrows

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sleeps returns the positions of time.Sleep in a file, unless it uses synctest, where sleeping
// costs nothing.
func sleeps(fset *token.FileSet, file *ast.File) []token.Position {
	if slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == strconv.Quote("testing/synctest") }) {
		return nil
	}
	var found []token.Position
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sleep" {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" {
				found = append(found, fset.Position(n.Pos()))
			}
		}
		return true
	})
	return found
}

// A test that waits for real time is always slow and eventually fails on a slow machine.
func TestNoTestSleepsOutsideABubble(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	eachGoFile(t, func(name string, content []byte) {
		if !strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(fset, name, content, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range sleeps(fset, file) {
			t.Errorf("%s: time.Sleep in a file without testing/synctest", at)
		}
	})
}

func TestSleepOutsideABubbleIsNoticed(t *testing.T) {
	t.Parallel()
	const body = "func f() { time.Sleep(1) }\n"
	for imports, want := range map[string]int{
		"import \"time\"\n":                             1,
		"import (\n\"testing/synctest\"\n\"time\"\n)\n": 0,
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "x_test.go", "package x\n"+imports+body, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := sleeps(fset, file); len(got) != want {
			t.Errorf("%q: %d sleeps found, want %d", imports, len(got), want)
		}
	}
}
