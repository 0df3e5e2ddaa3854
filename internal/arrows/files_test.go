package arrows

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// eachGoFile calls f with the path of every Go file of the module, relative to its root and
// with slashes, and with its content.
func eachGoFile(t *testing.T, f func(name string, content []byte)) {
	t.Helper()
	root := require.Root(t)
	err := filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && at != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin" || d.Name() == "dist"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(at, ".go"):
			return nil
		}
		content, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(name), content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Names that do not describe a package, and one that would shadow a package of the standard
// library.
var emptyNames = []string{"base", "common", "core", "helper", "helpers", "lib", "misc", "shared", "testing", "types", "util", "utils"}

// misplaced returns the fault of a file, or "".
func misplaced(name string, content []byte) string {
	lines := bytes.Count(content, []byte("\n"))
	switch {
	case slices.Contains(emptyNames, path.Base(path.Dir(name))):
		return "the package's name does not describe it"
	case lines > 400:
		return "more than 400 lines: split it by what is passed in and returned"
	case matches("cmd/...", path.Dir(name)) && path.Base(name) == "main.go" && lines >= 20:
		return "a main has 20 lines or more: it only starts cli or stack/lambda"
	}
	return ""
}

func TestFilesAreShortAndPackagesHaveNames(t *testing.T) {
	t.Parallel()
	seen := 0
	eachGoFile(t, func(name string, content []byte) {
		seen++
		if wrong := misplaced(name, content); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	})
	if seen < 100 {
		t.Errorf("%d files were checked", seen)
	}
}

func TestLongFileAndEmptyNameAreNoticed(t *testing.T) {
	t.Parallel()
	line := []byte("// a line\n")
	for _, c := range []struct {
		name  string
		lines int
		fine  bool
	}{
		{"internal/quota/quota.go", 400, true},
		{"internal/quota/quota.go", 401, false},
		{"internal/util/quota.go", 1, false},
		{"internal/cli/types/quota.go", 1, false},
		{"cmd/thingpress/main.go", 19, true},
		{"cmd/thingpress/main.go", 20, false},
	} {
		if wrong := misplaced(c.name, bytes.Repeat(line, c.lines)); (wrong == "") != c.fine {
			t.Errorf("%s of %d lines: %q", c.name, c.lines, wrong)
		}
	}
}
