package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// binary builds the command once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "thingpress-test-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "thingpress")
	build := exec.Command("go", "build", "-o", path, "github.com/thingpress/thingpress/cmd/thingpress")
	build.Stderr = os.Stderr
	return path, build.Run()
})

func built(t *testing.T) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("build: %v", err)
	}
	return path
}

// environment is that of a machine without any AWS configuration.
func environment(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=us-east-1", "AWS_PROFILE=")
}

// startSandbox runs the sandbox as a process and returns its URL.
func startSandbox(t *testing.T, args ...string) string {
	t.Helper()
	return startSandboxWith(t, os.DevNull, args...)
}

// startSandboxWith keeps what the sandbox says in a file.
func startSandboxWith(t *testing.T, log string, args ...string) string {
	t.Helper()
	said, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(built(t), append([]string{"sandbox", "--listen", "127.0.0.1:0"}, args...)...)
	c.Env = environment(t)
	c.Stderr = said
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
		_ = said.Close()
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("sandbox did not start: %v", err)
	}
	return strings.TrimSpace(url)
}

func client(url string) *iot.Client {
	return iot.New(iot.Options{
		BaseEndpoint: aws.String(url), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
	})
}

// attachments creates policies, groups and a type at an endpoint, moto or sandbox.
func createAttachments(t *testing.T, c *iot.Client, policies, groups []string, thingType string) {
	t.Helper()
	ctx := t.Context()
	for _, name := range policies {
		_, err := c.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range groups {
		if _, err := c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &name}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.CreateThingType(ctx, &iot.CreateThingTypeInput{ThingTypeName: &thingType}); err != nil {
		t.Fatal(err)
	}
}

// summary is the last line of an import.
type summary struct {
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

// importing runs an import to its end and returns its summary and exit code.
func importing(t *testing.T, env []string, args ...string) (summary, int) {
	t.Helper()
	c := exec.Command(built(t), append([]string{"import", "--output", "json", "--yes"}, args...)...)
	c.Env = env
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	err := c.Run()
	code := c.ProcessState.ExitCode()
	if err != nil && code < 0 {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	var s summary
	if err := json.Unmarshal(lines[len(lines)-1], &s); err != nil || s.Type != "summary" {
		t.Fatalf("exit code %d, no summary as the last line of %s%s", code, out.Bytes(), problems.Bytes())
	}
	if s.Entries != s.Imported+s.Unchanged+s.Failed+s.Rejected+s.Skipped+s.Pending {
		t.Fatalf("the numbers do not add up: %+v", s)
	}
	return s, code
}

func generated(t *testing.T, vendor string, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), vendor)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := exec.CommandContext(ctx, built(t), "generate", "--vendor", vendor, "-n", itoa(n), "--seed", t.Name(), "--out", path)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v: %s", err, out)
	}
	return path
}

// smaller keeps the races of a heavy test but not its size where the race
// detector makes it slow.
func smaller(n int) int {
	if require.Race {
		return n / 2
	}
	return n
}
