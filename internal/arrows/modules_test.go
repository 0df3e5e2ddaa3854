package arrows

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// required returns the requirements of a go.mod as versions by module.
func required(t *testing.T, file string) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", file).Output()
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	versions := map[string]string{}
	for _, r := range mod.Require {
		versions[r.Path] = r.Version
	}
	return versions
}

// modernc.org/sqlite is C translated against one version of modernc.org/libc. With another
// version it corrupts memory or does not build, and a routine upgrade may raise only one of
// them.
func TestLibcIsTheOneThatSQLiteWasTranslatedFor(t *testing.T) {
	t.Parallel()
	root := require.Root(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("find modernc.org/sqlite: %v", err)
	}
	const libc = "modernc.org/libc"
	have := required(t, filepath.Join(root, "go.mod"))[libc]
	want := required(t, string(out[:len(out)-1]))[libc]
	if have == "" || have != want {
		t.Errorf("go.mod requires %s %q, modernc.org/sqlite needs %q: run go get %[1]s@%[3]s", libc, have, want)
	}
}
