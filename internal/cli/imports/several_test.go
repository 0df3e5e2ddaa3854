package imports_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A targetsEnd is the last line of an import into several targets.
type targetsEnd struct {
	Type    string `json:"type"`
	Targets []struct {
		Name   string `json:"name"`
		State  string `json:"state"`
		Import string `json:"import"`
		ledger.Counts
		Pending int    `json:"pending"`
		Error   string `json:"error"`
		Code    int    `json:"exit_code"`
	} `json:"targets"`
	Code int `json:"exit_code"`
}

func lastLine(t *testing.T, stdout string) (end targetsEnd) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || end.Type != "targets" {
		t.Fatalf("%v: %s", err, stdout)
	}
	return end
}

// targetsFile writes a config file with a target for each sandbox, whose names are those of numbers.
func targetsFile(t *testing.T, urls ...string) string {
	t.Helper()
	var text strings.Builder
	for i, name := range []string{"one", "two", "three"}[:len(urls)] {
		text.WriteString("[targets." + name + "]\nendpoint-url = \"" + urls[i] + "\"\n")
	}
	path := filepath.Join(t.TempDir(), "targets.toml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// An account that cannot be used must not keep the devices out of the others, and must not be passed over in silence.
func TestTargetThatFailsDoesNotKeepTheOthersFromTheirDevices(t *testing.T) {
	t.Parallel()
	env, manifest := clitest.Environment(t), clitest.Generate(t, "espressif", 12)
	var urls []string
	for i, account := range []string{"111122223331", "111122223332", "111122223333"} {
		urls = append(urls, clitest.StartSandbox(t, "--account", account))
		if i != 1 {
			clitest.CreateAttachments(t, clitest.Client(urls[i]), []string{"p"}, nil, "sensor")
		}
	}
	args := []string{"import", "--yes", "--output", "json", "--config", targetsFile(t, urls...), "--policy", "p"}
	three := []string{"--target", "one", "--target", "two", "--target", "endpoint-url=" + urls[2] + ",region=us-east-1"}
	code, stdout, stderr := thingpress(t, env, append(append(args, three...), manifest)...)
	end := lastLine(t, stdout)
	if code != 1 || end.Code != 1 || len(end.Targets) != 3 ||
		!strings.Contains(stderr, "two: nothing was imported: policy p: does not exist") {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	for i, want := range []struct {
		state    string
		imported int
		code     int
	}{{"finished", 12, 0}, {"not begun", 0, 1}, {"finished", 12, 0}} {
		if got := end.Targets[i]; got.State != want.state || got.Imported != want.imported || got.Code != want.code || got.Entries != 12 {
			t.Errorf("%+v, want %+v", got, want)
		}
	}

	clitest.CreateAttachments(t, clitest.Client(urls[1]), []string{"p"}, nil, "sensor")
	code, stdout, stderr = thingpress(t, env, append(append(args, three...), manifest)...)
	end = lastLine(t, stdout)
	if code != 0 || end.Targets[0].Unchanged != 12 || end.Targets[1].Imported != 12 || end.Targets[2].Unchanged != 12 {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	wants(t, env, 3, []string{"conflict-status", "one", "two"}, "import", "--yes", "--config", args[5], "--policy", "p",
		"--status", "INACTIVE", "--target", "one", "--target", "two", manifest)

	wants(t, env, 2, []string{"are the same"}, append(args, "--target", "one", "--target", "endpoint-url="+urls[0], manifest)...)
	wants(t, env, 2, []string{"is given twice"}, append(args, "--target", "one", "--target", "one", manifest)...)
	wants(t, env, 2, []string{"is none of account=VALUE"}, append(args, "--target", "one", "--target", "policy=q", manifest)...)
	wants(t, env, 2, []string{"--report cannot be combined with several targets"},
		append(args, "--target", "one", "--target", "two", "--report", "x.csv", manifest)...)
	wants(t, env, 0, []string{"account 111122223331", "account 111122223332"}, "plan", "--config", args[5], "--policy", "p",
		"--target", "one", "--target", "two", manifest)
}

// Ctrl-C ends the import that runs, and begins no other one. The same command line then resumes the one and begins the other.
func TestInterruptedImportIntoSeveralTargetsIsResumed(t *testing.T) {
	t.Parallel()
	const devices = 60
	env, manifest := clitest.Environment(t), clitest.Generate(t, "espressif", devices)
	var urls []string
	for _, account := range []string{"111122223331", "111122223332"} {
		urls = append(urls, clitest.StartSandbox(t, "--account", account))
		clitest.CreateAttachments(t, clitest.Client(urls[len(urls)-1]), []string{"p"}, nil, "sensor")
	}
	args := []string{
		"import", "--yes", "--output", "json", "--config", targetsFile(t, urls...), "--policy", "p",
		"--target", "one", "--target", "two", manifest,
	}
	// At this quota the first import takes five minutes, so that it runs when it is interrupted.
	c := exec.CommandContext(t.Context(), clitest.Program(t), append(args, "--quota", "RegisterCertificateWithoutCA=0.2")...)
	c.Env = env
	var printed bytes.Buffer
	c.Stdout = &printed
	said, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "import ") { // its ID: the second pass begins
			for things := 0; things == 0; {
				out, err := clitest.Client(urls[0]).ListThings(t.Context(), &iot.ListThingsInput{})
				if err != nil {
					t.Fatal(err)
				}
				things = len(out.Things)
			}
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait() // the exit code says how it ended
	end := lastLine(t, printed.String())
	if c.ProcessState.ExitCode() != 130 || end.Code != 130 || end.Targets[0].State != "interrupted" || end.Targets[0].Pending == 0 ||
		end.Targets[1].State != "not begun" || end.Targets[1].Code != 130 {
		t.Fatalf("exit code %d: %s", c.ProcessState.ExitCode(), printed.String())
	}
	code, stdout, stderr := thingpress(t, env, args...)
	again := lastLine(t, stdout)
	if code != 0 || again.Targets[0].Import != end.Targets[0].Import || again.Targets[0].Imported != devices ||
		again.Targets[1].Imported != devices {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

// Two groups that lie in one hierarchy in one account may be independent in another. The entries that ask for both are
// rejected there only.
func TestHierarchyOfOneAccountDoesNotRejectEntriesInOthers(t *testing.T) {
	t.Parallel()
	env := clitest.Environment(t)
	var urls []string
	for i, account := range []string{"111122223331", "111122223332", "111122223333"} {
		urls = append(urls, clitest.StartSandbox(t, "--account", account))
		c := clitest.Client(urls[i])
		clitest.CreateAttachments(t, c, []string{"p"}, []string{"a"}, "sensor")
		b := iot.CreateThingGroupInput{ThingGroupName: aws.String("b")}
		if i != 1 {
			b.ParentGroupName = aws.String("a")
		}
		if _, err := c.CreateThingGroup(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	table := "certificate,group\n"
	for i, der := range derOf(t, env, clitest.Generate(t, "espressif", 6)) {
		table += base64.StdEncoding.EncodeToString(der) + "," + []string{"a", "a|b", "b"}[i%3] + "\n"
	}
	args := []string{
		"import", "--yes", "--output", "json", "--config", targetsFile(t, urls...), "--policy", "p",
		"--columns", "cert=certificate,group=group", "--target", "one", "--target", "two", "--target", "three", writeFile(t, table),
	}
	code, stdout, stderr := thingpress(t, env, args...)
	end := lastLine(t, stdout)
	for i, want := range []struct{ imported, rejected, code int }{{4, 2, 3}, {6, 0, 0}, {4, 2, 3}} {
		got := end.Targets[i]
		if got.Imported != want.imported || got.Rejected != want.rejected || got.Code != want.code || got.Entries != 6 {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if code != 3 {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	// The policies are judged for the devices that are imported.
	if !strings.Contains(stderr, "connect 4") || !strings.Contains(stderr, "connect 6") || strings.Contains(stderr, "connect 10") {
		t.Errorf("%s", stderr)
	}
}
