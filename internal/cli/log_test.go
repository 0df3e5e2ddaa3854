package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// The log is sent to others, such as AWS support. It must have every call, and no secret.
func TestLogHasEveryCallAndNoSecret(t *testing.T) {
	t.Parallel()
	// AWS repeats what was signed if a signature is wrong.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", "request-1")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>no match.\n\n"+
			"The Canonical String for this request should have been\n'%s %s'</Message></Error></ErrorResponse>",
			r.Header.Get("X-Amz-Security-Token"), r.Header.Get("Authorization"))
	}))
	t.Cleanup(server.Close)
	log := filepath.Join(t.TempDir(), "log.jsonl")
	manifest := clitest.Generate(t, "espressif", 100)
	// Without a quota of its own, an operation that is throttled gets a limit, and loses it again.
	url := clitest.StartSandbox(t, "--fault", "throttle=0.1")
	clitest.CreateAttachments(t, clitest.Client(url), []string{"p"}, nil, "sensor")
	printed := ""
	for _, test := range []struct {
		code int
		args []string
	}{
		{1, []string{"import", "--yes", "--endpoint-url", server.URL, "--region", "eu-west-1", "--policy", "p", manifest}},
		{0, []string{"import", "--yes", "--endpoint-url", url, "--policy", "p", "--quota", "AttachPolicy=none", "--quiet", manifest}},
		{1, []string{"stack", "status", "--endpoint-url", server.URL, "--region", "eu-west-1"}},
	} {
		c := exec.Command(clitest.Program(t), append(test.args, "--log", log, "--verbose")...)
		c.Env = append(clitest.Environment(t), "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=HUSHHUSH",
			"AWS_SESSION_TOKEN=TOKENTOKEN")
		out, _ := c.CombinedOutput() // the exit code is checked
		if code := c.ProcessState.ExitCode(); code != test.code {
			t.Fatalf("exit code %d: %s", code, out)
		}
		printed += string(out)
	}
	written, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"HUSHHUSH", "TOKENTOKEN", "AWS4-HMAC", "BEGIN CERTIFICATE"} {
		if strings.Contains(string(written)+printed, secret) {
			t.Errorf("%s is in the log or in the messages", secret)
		}
	}
	calls := checkLog(t, string(written), printed)
	for call, want := range map[string]int{
		"sts GetCallerIdentity 403 SignatureDoesNotMatch request-1": 2, "iot CreateThing 200": 100, "iot RegisterCertificateWithoutCA 200": 100,
		"iot AttachThingPrincipal 200": 100, "iot AttachPolicy 200": 100,
	} {
		if calls[call] != want {
			t.Errorf("%d calls of %s, want %d", calls[call], call, want)
		}
	}
	if calls["iot AttachPolicy 429 ThrottlingException"]+calls["iot AttachPolicy 400 ThrottlingException"] == 0 {
		t.Errorf("no throttled call: %v", calls)
	}
	if info, err := os.Stat(log); err != nil || info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		t.Errorf("others can read the log: %v, %v", info.Mode(), err)
	}
}

// checkLog compares the lines of a log with docs/log.md and with what was printed, and counts the
// calls. Request IDs are counted if they are ours.
func checkLog(t *testing.T, written, printed string) map[string]int {
	t.Helper()
	fields, calls, seen := documentedFields(t, "../../docs/log.md"), map[string]int{}, map[string]bool{}
	for line := range strings.Lines(written) {
		if !strings.Contains(printed, line) {
			t.Errorf("--verbose does not print %s", line)
		}
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		section := fmt.Sprint("log: ", object["type"])
		seen[section] = true
		for name := range object {
			if _, ok := fields[section][name]; !ok {
				t.Errorf("%s: %s is not documented", section, name)
			}
		}
		for name, optional := range fields[section] {
			if _, ok := object[name]; !ok && !optional {
				t.Errorf("%s: no %s: %s", section, name, line)
			}
		}
		if section == "log: call" {
			call := fmt.Sprint(object["service"], " ", object["operation"], " ", object["status"])
			if code, ok := object["code"]; ok {
				call += fmt.Sprint(" ", code)
			}
			if object["request_id"] == "request-1" {
				call += " request-1"
			}
			calls[call]++
		}
	}
	for _, section := range []string{"log: command", "log: call", "log: limit", "log: exit"} {
		if !seen[section] {
			t.Errorf("nothing wrote a line of %q", section)
		}
	}
	return calls
}
