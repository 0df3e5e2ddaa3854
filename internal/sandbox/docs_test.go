package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// The documentation lists exactly what exists.
func TestDocumentationIsComplete(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(require.Root(t), "docs", "sandbox.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	for _, name := range Operations() {
		if !strings.Contains(page, name+",") && !strings.Contains(page, name+" |") && !strings.Contains(page, name+":") {
			t.Errorf("operation %s is not documented", name)
		}
	}
	for _, operation := range quotaOperations {
		if !strings.Contains(page, operation.name) {
			t.Errorf("operation %s is not documented", operation.name)
		}
	}
	_, list, _ := strings.Cut(page, "## Where moto is not AWS")
	if rows := strings.Count(list, "\n| ") - 1; rows != len(differences) {
		t.Errorf("%d differences from moto are documented, and there are %d", rows, len(differences))
	}
	for _, d := range differences {
		if !strings.Contains(list, "\n| "+d.name+" | ") {
			t.Errorf("the difference %q is not documented", d.name)
		}
	}
}
