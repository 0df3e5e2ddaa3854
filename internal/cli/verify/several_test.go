package verify_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// severalEnd is the last line of a verification of several targets.
type severalEnd struct {
	Type    string
	Targets []struct {
		Name, State, Error string
		Devices, Drifted   int
		Code               int `json:"exit_code"`
	}
	Code int `json:"exit_code"`
}

// thingpress runs a command.
func thingpress(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), clitest.Program(t), args...)
	c.Env = env
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	_ = c.Run() // the exit code is returned
	return c.ProcessState.ExitCode(), out.String(), problems.String()
}

// Drift in one account must show although another account is as wanted. A target that is not the account that was
// meant must neither keep the others from being verified nor be passed over in silence.
func TestEachTargetIsVerifiedAndTheWorstCounts(t *testing.T) {
	t.Parallel()
	env, manifest := clitest.Environment(t), clitest.Generate(t, "espressif", 5)
	var urls []string
	config := ""
	for i, name := range []string{"one", "two"} {
		urls = append(urls, clitest.StartSandbox(t, "--account", "11112222333"+strconv.Itoa(i)))
		clitest.CreateAttachments(t, clitest.Client(urls[i]), []string{"p"}, nil, "sensor")
		config += "[targets." + name + "]\nendpoint-url = \"" + urls[i] + "\"\n"
	}
	config += "[targets.other]\naccount = \"999999999999\"\nendpoint-url = \"" + urls[1] + "\"\n" +
		"[targets.again]\nendpoint-url = \"" + urls[0] + "\"\n"
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	targets := func(names ...string) (args []string) {
		for _, name := range names {
			args = append(args, "--target", name)
		}
		return append(args, "--config", path, "--policy", "p")
	}
	code, stdout, stderr := thingpress(t, env, append(append([]string{"import", "--yes"}, targets("one", "two")...), manifest)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	verified := func(want int, names ...string) (end severalEnd) {
		t.Helper()
		code, stdout, stderr := thingpress(t, env, append(append([]string{"verify", "-o", "json"}, targets(names...)...), manifest)...)
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || end.Type != "targets" || code != want || end.Code != want {
			t.Fatalf("exit code %d, want %d, %v: %s%s", code, want, err, stdout, stderr)
		}
		return end
	}
	if end := verified(0, "one", "two"); end.Targets[0].Devices != 5 || end.Targets[1].Devices != 5 || end.Targets[1].State != "finished" {
		t.Errorf("%+v", end)
	}
	c := clitest.Client(urls[0])
	things, err := c.ListThings(t.Context(), &iot.ListThingsInput{})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := c.ListThingPrincipals(t.Context(), &iot.ListThingPrincipalsInput{ThingName: things.Things[0].ThingName})
	if err != nil {
		t.Fatal(err)
	}
	detach := iot.DetachPolicyInput{PolicyName: aws.String("p"), Target: &attached.Principals[0]}
	if _, err := c.DetachPolicy(t.Context(), &detach); err != nil {
		t.Fatal(err)
	}
	if end := verified(3, "one", "two"); end.Targets[0].Drifted != 1 || end.Targets[0].Code != 3 || end.Targets[1].Drifted != 0 {
		t.Errorf("%+v", end)
	}
	end := verified(1, "one", "other", "two", "again")
	if end.Targets[1].State != "not begun" || end.Targets[1].Code != 1 || end.Targets[1].Error == "" || end.Targets[2].State != "finished" ||
		end.Targets[3].State != "not begun" || !strings.Contains(end.Targets[3].Error, "the same") {
		t.Errorf("%+v", end)
	}
	for _, test := range []struct {
		args []string
		code int
		said string
	}{
		{[]string{"verify", "0199a3c1"}, 2, "an import is in one target"},
		{[]string{"verify", manifest, "--report", "x.csv"}, 2, "--report cannot be combined"},
		{[]string{"verify", "0199a3c1", "--stack", "s"}, 2, "--stack cannot be combined with several targets"},
		{[]string{"verify", filepath.Join(t.TempDir(), "missing")}, 1, "missing"},
		{[]string{"verify", manifest, "--fix", "--yes"}, 0, "mended: 1 device"},
	} {
		code, stdout, stderr := thingpress(t, env, append(test.args, targets("one", "two")...)...)
		if code != test.code || !strings.Contains(stdout+stderr, test.said) {
			t.Errorf("%q: exit code %d: %s%s", test.args, code, stdout, stderr)
		}
	}
}
