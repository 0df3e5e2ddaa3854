package manifest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
)

// Codes in reports outlive versions; the page that explains them must have them all, as the code does.
func TestDocsExplainEveryReason(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	// What comes from there on is the importer's, and held to its code there.
	decoding, _, found := strings.Cut(string(page), "\n## Devices that failed\n")
	if !found {
		t.Fatal("docs/reasons.md has no section about devices that failed")
	}
	var have, want []string
	for line := range strings.Lines(decoding) {
		if strings.HasPrefix(line, "| `") {
			have = append(have, strings.TrimSpace(line))
		}
	}
	for _, text := range manifest.ReasonTexts() {
		want = append(want, fmt.Sprintf("| %#q | %s | %s |", text.Reason, text.Meaning, text.Todo))
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("docs/reasons.md (-code +page):\n%s", diff)
	}
}
