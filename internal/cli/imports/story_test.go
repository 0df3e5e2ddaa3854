package imports_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// thingpress runs a command and returns its exit code and outputs.
func thingpress(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), clitest.Program(t), args...)
	c.Env = env
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	if err := c.Run(); err != nil && c.ProcessState.ExitCode() < 0 {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), problems.String()
}

// wants fails the test unless the command ends with a code and prints all the texts.
func wants(t *testing.T, env []string, code int, texts []string, args ...string) {
	t.Helper()
	got, stdout, stderr := thingpress(t, env, args...)
	if got != code {
		t.Errorf("%q: exit code %d, want %d\n%s%s", args, got, code, stdout, stderr)
	}
	for _, text := range texts {
		if !strings.Contains(stdout+stderr, text) {
			t.Errorf("%q does not print %q:\n%s%s", args, text, stdout, stderr)
		}
	}
}

// An operator is alone with the devices for years.
func TestWhatImportsDidCanBeReadLater(t *testing.T) {
	t.Parallel()
	env, manifest := clitest.Environment(t), clitest.Generate(t, "espressif", 6)
	first, _ := clitest.Import(t, env, "--sandbox", "--policy", "p", "--thing-type", "sensor", manifest)
	second, code := clitest.Import(t, env, "--sandbox", "--policy", "p", "--status", "INACTIVE", manifest)
	if code != 3 || second.Failed != 6 {
		t.Fatalf("exit code %d, %+v", code, second)
	}
	page := filepath.Join(t.TempDir(), "report.html")

	wants(t, env, 0, []string{
		"finished: import " + second.Import, "6 entries = 0 imported + 0 unchanged + 6 failed", "--status INACTIVE", "6 failed: conflict-status",
		"what to do: ", "thingpress report --failed " + second.Import, "to resume: thingpress import --resume " + second.Import + " --sandbox",
	}, "show", second.Import)
	wants(t, env, 2, []string{first.Import, second.Import, "the IDs of 2 imports begin with"}, "show", first.Import[:4])
	wants(t, env, 2, []string{first.Import, second.Import}, "report", "ffff")
	wants(t, env, 0, nil, "report", first.Import, page)
	wants(t, env, 0, nil, "report", first.Import, page) // the report of the same import
	wants(t, env, 2, []string{"is the report of import " + first.Import}, "report", second.Import, page)
	wants(t, env, 2, []string{`"xlsx" is none of`}, "report", first.Import, "--format", "xlsx")

	_, rows, _ := thingpress(t, env, "report", first.Import)
	var row struct {
		ThingName     string `json:"thing_name"`
		ID            string `json:"id"`
		CertificateID string `json:"certificate_id"`
	}
	if err := json.NewDecoder(strings.NewReader(rows)).Decode(&row); err != nil || strings.Count(rows, "\n") != 6 {
		t.Fatalf("%v: %s", err, rows)
	}
	for _, name := range []string{row.ThingName, strings.ToLower(row.ID[:2] + ":" + row.ID[2:]), strings.ToUpper(row.CertificateID)} {
		wants(t, env, 0, []string{
			"2 imports", "import " + first.Import, "import " + second.Import, "created AttachPolicy p", "conflict-status: ",
		}, "show", name)
	}
	for outcome, lines := range map[string]int{"--failed": 6, "--rejected": 0} {
		if _, rows, _ := thingpress(t, env, "report", second.Import, outcome); strings.Count(rows, "\n") != lines {
			t.Errorf("%s lists %s", outcome, rows)
		}
	}
	for filter, want := range map[string]int{
		"--state=finished": 2, "--state=stopped": 0, "--since=1h": 2, "--since=2999-01-01": 0, "--manifest=espressif": 2, "--manifest=reel": 0,
		"--sandbox": 2, "--sandbox=false": 0, "--account=111122223333": 0,
	} {
		if _, list, _ := thingpress(t, env, "imports", "-o", "json", filter); strings.Count(list, "\n") != want {
			t.Errorf("%s lists %s", filter, list)
		}
	}
}
