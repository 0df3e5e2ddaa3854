package newformat

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// added are the lines that a new format adds to existing files: to the table, and
// to the generator of test material.
var added = []struct{ file, after, line string }{
	{"manifest/vendors/vendors.go", "import (\n", "\t\"github.com/thingpress/thingpress/manifest/acme\"\n"},
	{"manifest/vendors/vendors.go", "return []manifest.Format{\n", "\t\tacme.Format(),\n"},
	{"internal/material/formats.go", "return []Format{", "acmeFormat, "},
}

// A program is thingpress with the fifth format.
type program struct {
	path string
	env  []string
}

// buildProgram builds thingpress with the files below testdata/overlay and the added lines.
func buildProgram(t *testing.T) program {
	t.Helper()
	root, dir := require.Root(t), t.TempDir()
	replaced := map[string]string{}
	overlay := filepath.Join("testdata", "overlay")
	err := filepath.WalkDir(overlay, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		below, err := filepath.Rel(overlay, path)
		if err != nil {
			return err
		}
		replaced[filepath.Join(root, below)], err = filepath.Abs(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, a := range added {
		text := texts[a.file]
		if text == "" {
			content, err := os.ReadFile(filepath.Join(root, a.file))
			if err != nil {
				t.Fatal(err)
			}
			text = string(content)
		}
		if strings.Count(text, a.after) != 1 {
			t.Fatalf("%s: there must be exactly one %q, after which the line of a new format is added", a.file, a.after)
		}
		texts[a.file] = strings.Replace(text, a.after, a.after+a.line, 1)
	}
	for file, text := range texts {
		copied := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replaced[filepath.Join(root, file)] = copied
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	listed := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(listed, list, 0o600); err != nil {
		t.Fatal(err)
	}
	p := program{filepath.Join(dir, "thingpress"), clitest.Environment(t)}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", listed, "-ldflags=-s -w", "-o", p.path, "./cmd/thingpress")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("a new format of one package and one line does not compile: %v\n%s", err, out)
	}
	return p
}

// output runs the program and returns its output and exit code.
func (p program) output(t *testing.T, args ...string) (text string, code int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), p.path, args...)
	c.Env = p.env
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil && c.ProcessState.ExitCode() < 0 {
		t.Fatal(err)
	}
	return out.String(), c.ProcessState.ExitCode()
}
