package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

func TestEveryReasonOfAFailureIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(require.Root(t), "docs", "reasons.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range engine.FailureReasons() {
		if row := "| `" + string(r.Reason) + "` | " + r.Meaning + " | " + r.Todo + " |"; !strings.Contains(string(text), row) {
			t.Errorf("docs/reasons.md lacks the row\n%s", row)
		}
	}
}
