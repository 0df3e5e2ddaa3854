package require

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// motoTestsScript runs moto's own tests of AWS IoT against an endpoint.
//
//go:embed mototests.py
var motoTestsScript string

// MotoResult is how one of moto's tests ended.
type MotoResult struct {
	// Test is its name, such as tests/test_iot/test_iot_things.py::test_create_thing.
	Test string
	// Outcome is passed, failed or skipped.
	Outcome string
	// Reason is why the test did not pass.
	Reason string
}

// MotoTests runs moto's own tests of AWS IoT against endpoint and returns the results
// in their order. Before each test it posts the test's name to /moto-api/test, and
// moto posts to /moto-api/reset when all state is to be forgotten. Without the tests,
// which `make moto-tests` takes from moto's source distribution, the test ends as
// Missing "moto-tests".
func MotoTests(t testing.TB, endpoint string) []MotoResult {
	t.Helper()
	dir := motoTestsDir(t)
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "python"), "-c", motoTestsScript, endpoint)
	cmd.Dir = filepath.Join(dir, "moto")
	cmd.Env = append(clean(), "PYTHONDONTWRITEBYTECODE=1", "HOME="+t.TempDir())
	var lines, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &lines, &failure
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) && exit.ExitCode() != 1 || err != nil && exit == nil { // 1: some tests failed
		t.Fatalf("moto's tests: %v\n%s%s", err, &lines, &failure)
	}
	var results []MotoResult
	for decoder := json.NewDecoder(&lines); ; {
		var one MotoResult
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return results
		}
		if err != nil {
			t.Fatalf("moto's tests: %v", err)
		}
		results = append(results, one)
	}
}

// motoTestsDir returns the Python environment that `make moto-tests` makes. Below it,
// moto contains the tests.
func motoTestsDir(t testing.TB) string {
	t.Helper()
	peer(t, "moto-tests")
	dir := filepath.Join(Root(t), ".venv", "moto-tests")
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		Missing(t, "moto-tests", err.Error()+"; `make moto-tests` installs them")
	}
	return dir
}
