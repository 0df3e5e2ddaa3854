// Command testsummary runs `go test -json` with its arguments and prints what a person wants to see of it: a line per package,
// the whole output of what failed, and at the end every test that was skipped with its reason and a count. Its last line is
// "N passed, N failed, N skipped", subtests included; its exit code is that of go test.
//
// go test itself is silent about skips unless everything is shown, and a skip that nobody sees is a test that nobody has.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
	}
	os.Exit(code)
}

// run runs go test and returns its exit code, or 1 with an error when it could not be run or read.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 1, err
	}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	s := newSummary(stdout)
	readErr := s.read(events)
	waitErr := cmd.Wait()
	if err := errors.Join(readErr, s.close()); err != nil {
		return 1, err
	}
	var exit *exec.ExitError
	if errors.As(waitErr, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	if waitErr != nil {
		return 1, waitErr
	}
	return s.code(), nil
}
