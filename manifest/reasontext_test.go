package manifest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest"
)

// TestEveryReasonTellsWhatToDo finds codes that an operator would be left alone with.
func TestEveryReasonTellsWhatToDo(t *testing.T) {
	t.Parallel()
	explained := map[manifest.Reason]bool{}
	for _, text := range manifest.ReasonTexts() {
		if text.Meaning == "" || text.Todo == "" || text.Reason.Hint() != text.Todo {
			t.Errorf("%s: meaning %q, todo %q", text.Reason, text.Meaning, text.Todo)
		}
		if explained[text.Reason] {
			t.Errorf("%s is explained twice", text.Reason)
		}
		explained[text.Reason] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		declared++
		if !explained[manifest.Reason(code)] {
			t.Errorf("%s (%s) is not explained", spec.Names[0].Name, code)
		}
		return true
	})
	if declared != len(explained) {
		t.Errorf("%d codes are declared, %d explained", declared, len(explained))
	}
	if hint := manifest.Reason("no such code").Hint(); hint != "" {
		t.Errorf("an unknown code has the hint %q", hint)
	}
}
