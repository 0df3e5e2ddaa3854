package importer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/importer"
	"github.com/thingpress/thingpress/internal/requiretest"
)

func TestEveryReasonOfAFailureIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(requiretest.Root(t), "docs", "reasons.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range importer.FailureReasons() {
		if row := "| `" + string(r.Reason) + "` | " + r.Meaning + " | " + r.Todo + " |"; !strings.Contains(string(text), row) {
			t.Errorf("docs/reasons.md lacks the row\n%s", row)
		}
	}
}
