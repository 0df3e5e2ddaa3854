package clitest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// Main runs the tests of a package; run is the program, with the streams of this process. Scripts
// and [Program] run the test binary itself as thingpress.
func Main[Streams any](m *testing.M, run func(ctx context.Context, args []string, streams Streams) (code int), streams func() Streams) {
	testscript.Main(m, map[string]func(){"thingpress": func() {
		os.Exit(run(context.Background(), os.Args[1:], streams())) //nolint:forbidigo // this is the main function of a program
	}})
}

// Program returns the path of thingpress. Under the race detector it is built
// without it, because a heavy import would otherwise take minutes.
func Program(t *testing.T) string {
	t.Helper()
	if require.Race {
		return Built(t)
	}
	path, err := exec.LookPath("thingpress")
	if err != nil {
		t.Fatalf("the test binary is not thingpress: %v; TestMain must call clitest.Main", err)
	}
	return path
}

// Built builds thingpress as it is shipped, but with its symbols, once, and returns its path.
func Built(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatalf("build: %v", err)
	}
	return path
}

// build writes the program next to the copy of the test binary, which is removed after the tests.
var build = sync.OnceValues(func() (string, error) {
	beside, err := exec.LookPath("thingpress")
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(beside), "thingpress-built")
	build := exec.Command("go", "build", "-ldflags=-w", "-o", path, "github.com/thingpress/thingpress/cmd/thingpress")
	build.Stderr = os.Stderr
	return path, build.Run()
})

// Environment returns the environment of a machine on which AWS, Thingpress and proxies are not
// configured, with a separate home directory.
func Environment(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return append(slices.DeleteFunc(os.Environ(), configures),
		"HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"), "XDG_CONFIG_HOME="+filepath.Join(home, "config"),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=us-east-1", "AWS_PROFILE=")
}

// configures reports whether a variable of this machine would change what the program does.
func configures(variable string) bool {
	name, _, _ := strings.Cut(strings.ToUpper(variable), "=")
	return strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "THINGPRESS_") || strings.HasSuffix(name, "_PROXY")
}

// Summary is the last line of an import.
type Summary struct {
	Type      string         `json:"type"`
	Import    string         `json:"import"`
	State     string         `json:"state"`
	Entries   int            `json:"entries"`
	Imported  int            `json:"imported"`
	Unchanged int            `json:"unchanged"`
	Failed    int            `json:"failed"`
	Rejected  int            `json:"rejected"`
	Skipped   int            `json:"skipped"`
	Pending   int            `json:"pending"`
	Calls     map[string]int `json:"calls"`
}

// Import runs an import to its end and returns its summary and exit code.
func Import(t *testing.T, env []string, args ...string) (Summary, int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), Program(t), append([]string{"import", "--output", "json", "--yes"}, args...)...)
	c.Env = env
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	err := c.Run()
	code := c.ProcessState.ExitCode()
	if err != nil && code < 0 {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	var s Summary
	if err := json.Unmarshal(lines[len(lines)-1], &s); err != nil || s.Type != "summary" {
		t.Fatalf("exit code %d, no summary as the last line of %s%s", code, out.Bytes(), problems.Bytes())
	}
	if s.Entries != s.Imported+s.Unchanged+s.Failed+s.Rejected+s.Skipped+s.Pending {
		t.Fatalf("the numbers do not add up: %+v", s)
	}
	return s, code
}

// Generate makes a manifest of n entries and returns its path.
func Generate(t *testing.T, vendor string, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), vendor)
	c := exec.CommandContext(t.Context(), Program(t), "generate", "--vendor", vendor, "-n", strconv.Itoa(n), "--seed", t.Name(), "--out", path)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v: %s", err, out)
	}
	return path
}
