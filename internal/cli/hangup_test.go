//go:build unix

package cli_test

import (
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A command must end in order if its terminal goes away, and must survive that under nohup.
func TestHangupInterruptsUnlessItIsIgnored(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script string
		code   int
	}{
		"terminal": {`exec "$0" "$@"`, 130},
		"nohup":    {`trap '' HUP; exec "$0" "$@"`, 1}, // the input is not a manifest
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.code == 130 && signal.Ignored(syscall.SIGHUP) {
				t.Skip("the tests run under nohup")
			}
			c := exec.CommandContext(t.Context(), "sh", "-c", test.script, clitest.Built(t), "inspect", "-")
			stdin, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			// The process is known to run once it has read more than a pipe holds.
			if _, err := stdin.Write(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
			if err := c.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			if test.code != 130 {
				_, _ = stdin.Write(make([]byte, 1<<20)) // the exit code tells whether it was read
				_ = stdin.Close()
			}
			_ = c.Wait() // as above
			if code := c.ProcessState.ExitCode(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
		})
	}
}
