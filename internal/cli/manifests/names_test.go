package manifests_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
)

// People choose a field from the page.
func TestThePageOfNamesHasEveryField(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(require.Root(t), "docs", "names.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range manifest.TemplateFields() {
		if !strings.Contains(string(page), "`{"+field+"}`") {
			t.Errorf("docs/names.md does not have {%s}", field)
		}
	}
}
