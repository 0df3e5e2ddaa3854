package cli_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// interruptedRun runs a command line after an interrupt.
func interruptedRun(t *testing.T, env map[string]string, args ...string) (code int, printed string) {
	t.Helper()
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(terminal.ErrInterrupted)
	var out bytes.Buffer
	code = cli.Main(ctx, args, terminal.Streams{
		In: strings.NewReader(""), Out: &out, Err: &out, Width: func() int { return 80 },
		LookupEnv: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
	})
	return code, out.String()
}

// The test sets the environment of the AWS SDK, so it is not parallel.
func TestInterruptedCommandsExitWith130(t *testing.T) {
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("an interrupted command called the endpoint")
	}))
	t.Cleanup(endpoint.Close)
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	const manifest, id = "../../examples/espressif.csv", "0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d"
	for _, test := range []struct {
		args   []string
		remote bool // it needs an endpoint
	}{
		{args: []string{"generate", "--vendor", "espressif", "--out", filepath.Join(dir, "reel.csv")}},
		{args: []string{"inspect", manifest}},
		{args: []string{"inspect", "-"}},
		{args: []string{"plan", "--sandbox", manifest}},
		{args: []string{"plan", "--sandbox", "--compare", manifest}},
		{args: []string{"import", "--sandbox", manifest}},
		{args: []string{"import", "--sandbox", "--dry-run", manifest}},
		{args: []string{"plan", manifest}, remote: true},
		{args: []string{"import", "--yes", manifest}, remote: true},
		{args: []string{"quotas"}, remote: true},
		{args: []string{"quotas", "--rate", "100000/h", "--request", "--yes"}, remote: true},
		{args: []string{"stack", "delete", "--yes"}, remote: true},
		{args: []string{"stack", "deploy", "--yes", "--code", manifest}, remote: true},
		{args: []string{"stack", "import", id}, remote: true},
		{args: []string{"stack", "imports"}, remote: true},
		{args: []string{"stack", "redrive"}, remote: true},
		{args: []string{"stack", "report", id}, remote: true},
		{args: []string{"stack", "signers", "add", "../../examples/microchip-signer.pem"}, remote: true},
		{args: []string{"stack", "status"}, remote: true},
		{args: []string{"stack", "upload", manifest}, remote: true},
	} {
		env := map[string]string{}
		if test.remote {
			env["THINGPRESS_ENDPOINT_URL"] = endpoint.URL
		}
		code, printed := interruptedRun(t, env, test.args...)
		if code != 130 || !strings.Contains(printed, "thingpress: interrupted") || strings.Contains(printed, "context canceled") {
			t.Errorf("%v: exit code %d: %s", test.args, code, printed)
		}
		if _, json := interruptedRun(t, env, append(test.args, "--output", "json")...); test.args[0] != "generate" &&
			!strings.Contains(json, `"exit":130`) {
			t.Errorf("%v: no exit code in the JSON: %s", test.args, json)
		}
	}
}

// An interrupt must end a command that waits for a pipe or for an answer.
func TestInterruptEndsAReadThatWaits(t *testing.T) {
	t.Parallel()
	silent, writer := io.Pipe()
	t.Cleanup(func() { _ = writer.Close() })
	interrupts := make(chan os.Signal, 1)
	interrupts <- syscall.SIGINT
	code := cli.Main(t.Context(), []string{"inspect", "-"}, terminal.Streams{
		In: silent, Out: io.Discard, Err: io.Discard, Width: func() int { return 80 },
		LookupEnv: func(string) (string, bool) { return "", false }, Interrupts: interrupts,
	})
	if code != 130 {
		t.Errorf("exit code %d", code)
	}
}
