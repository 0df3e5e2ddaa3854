// Package lifecycle compares the tables of states in the code with
// docs/lifecycle.md.
package lifecycle

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

var row = regexp.MustCompile("(?m)^\\| (?:–|`([a-z]+)`) \\| `([a-z]+)` \\|")

// Compare fails the test unless the section of the page lists exactly the changes
// that next returns for the states.
func Compare[S ~string](t *testing.T, section string, states []S, next func(S) []S) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(require.Root(t), "docs", "lifecycle.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "\n## "+section+"\n")
	if !found {
		t.Fatalf("docs/lifecycle.md has no section %s", section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var described, coded []string
	for _, match := range row.FindAllStringSubmatch(text, -1) {
		described = append(described, match[1]+" → "+match[2])
	}
	for _, state := range states {
		for _, to := range next(state) {
			coded = append(coded, string(state)+" → "+string(to))
		}
	}
	slices.Sort(described)
	slices.Sort(coded)
	if diff := cmp.Diff(described, coded); diff != "" {
		t.Errorf("docs/lifecycle.md (-) and the code (+) differ in section %s:\n%s", section, diff)
	}
}
