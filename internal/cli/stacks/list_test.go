package stacks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/engine"
)

// A spreadsheet saves lists in UTF-16. A job keeps a list as text, and a function that cannot read it would undo the
// devices that --skip names.
func TestListInUTF16ReachesTheStack(t *testing.T) {
	t.Parallel()
	const little = "\xff\xfea\x001\x00\n\x00b\x002\x00\n\x00"
	name := filepath.Join(t.TempDir(), "skip.txt")
	if err := os.WriteFile(name, []byte(little), 0o600); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := readList(t.Context(), "skip", name, true, &text); err != nil {
		t.Fatal(err)
	}
	list, err := engine.ReadFilter(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a1", "b2"}, list.Unmatched()); diff != "" {
		t.Errorf("the stack reads, -want +got:\n%s", diff)
	}
}
