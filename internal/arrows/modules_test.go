package arrows

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
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

// A library that does more than we need brings modules along, and their faults. The modules of the
// AWS SDK and of golang.org/x are not listed.
func TestOnlyModulesThatAreKnownAreLinked(t *testing.T) {
	t.Parallel()
	known := map[string]bool{
		"github.com/dustin/go-humanize":      true, // of modernc.org/libc
		"github.com/go-json-experiment/json": true,
		"github.com/gofrs/flock":             true,
		"github.com/google/uuid":             true,
		"github.com/mochi-mqtt/server/v2":    true, // docs/adr/0021
		"github.com/pelletier/go-toml/v2":    true,
		"github.com/remyoudompheng/bigfft":   true, // of modernc.org/libc
		"github.com/spf13/cobra":             true,
		"github.com/spf13/pflag":             true,
		"github.com/thingpress/thingpress":   true,
		"github.com/ulikunitz/xz":            true,
		"modernc.org/libc":                   true,
		"modernc.org/mathutil":               true,
		"modernc.org/memory":                 true,
		"modernc.org/sqlite":                 true,
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}",
		"./cmd/thingpress", "./cmd/thingpress-lambda")
	cmd.Dir = require.Root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list what is linked: %v", err)
	}
	for module := range strings.FieldsSeq(string(out)) {
		aws := strings.HasPrefix(module, "github.com/aws/") || strings.HasPrefix(module, "golang.org/x/")
		if !aws && !known[module] {
			t.Errorf("%s is linked: use less of what needs it, or list it here and say why in docs/adr", module)
			known[module] = true
		}
	}
}
