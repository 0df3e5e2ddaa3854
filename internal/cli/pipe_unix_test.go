//go:build unix

package cli_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// Opening a named pipe waits for its other end, and Ctrl-C must end that. Without that the test does not end.
func TestInterruptEndsTheWaitForANamedPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	const example = "../../examples/espressif.csv"
	for _, args := range [][]string{
		{"inspect", pipe},
		{"inspect", "--signer", pipe, example},
		{
			"import", "--sandbox", "--sandbox-state", filepath.Join(dir, "state"), "--ledger", filepath.Join(dir, "ledger"),
			"--only", pipe, example,
		},
		{"plan", "--offline", "--skip", pipe, example},
		{"policy", "check", "--policy", pipe},
	} {
		interrupts := make(chan os.Signal, 1)
		interrupts <- syscall.SIGTERM
		code := cli.Main(t.Context(), args, terminal.Streams{
			In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Interrupts: interrupts,
			LookupEnv: func(string) (string, bool) { return "", false },
		})
		if code != exit.Interrupted {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}
