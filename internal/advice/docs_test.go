package advice_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// Codes in reports outlive versions, so docs/reasons.md must explain all of them
// in the words of this package.
func TestDocsExplainEveryCode(t *testing.T) {
	t.Parallel()
	page := readFile(t, filepath.Join(require.Root(t), "docs", "reasons.md"))
	var have, want []string
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| `") && !strings.HasPrefix(line, "| `--") {
			have = append(have, strings.TrimSpace(line))
		}
	}
	for _, code := range advice.Codes() {
		words := advice.For(code, advice.CLI)
		if words.Todo == "" {
			words.Todo = "nothing"
		}
		want = append(want, fmt.Sprintf("| %#q | %s | %s |", code, words.Meaning, strings.ReplaceAll(words.Todo, "|", `\|`)))
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("docs/reasons.md (-code +page):\n%s", diff)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
