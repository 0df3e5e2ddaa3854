package require

import (
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// awsScript runs commands of the AWS CLI from its standard input. Each line has one
// command as a JSON list of arguments. The answer is one line, a JSON list of exit
// status, output and error output.
//
//go:embed awscli.py
var awsScript string

// AWSCLI returns the path of a working AWS command line: that of the checkout, or
// aws on PATH. The caller sets region, credentials and endpoint, and isolates it
// from the machine's configuration. If there is none, the test ends as Missing
// "awscli".
func AWSCLI(t testing.TB) string {
	t.Helper()
	peer(t, "awscli")
	return program(t, "awscli", "--version", filepath.Join(Root(t), venv, "aws"), "aws")
}

// AWSSession is one process of the AWS CLI, which takes a second or more to start.
// It must not be used concurrently.
type AWSSession struct {
	tb       testing.TB
	endpoint string
	commands *json.Encoder
	answers  *json.Decoder
	failure  strings.Builder
}

// StartAWS starts the AWS CLI for many commands and ends it with the test. It
// sends them to endpoint with made-up credentials, in region, and ignores the
// machine's configuration. If there is no AWS CLI, the test ends as Missing
// "awscli".
func StartAWS(t testing.TB, endpoint, region string) *AWSSession {
	t.Helper()
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), awsPython(t), "-c", awsScript)
	cmd.Dir = home
	cmd.Env = []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example",
		"AWS_DEFAULT_REGION=" + region, "AWS_REGION=" + region, "AWS_DEFAULT_OUTPUT=json",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "PYTHONIOENCODING=utf-8",
	}
	s := &AWSSession{tb: t, endpoint: endpoint}
	cmd.Stderr = &s.failure
	commands, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = commands.Close()
		_ = cmd.Wait() // killed with the test's context, or ended by the end of its input
	})
	s.commands, s.answers = json.NewEncoder(commands), json.NewDecoder(answers)
	return s
}

// Run runs one command and returns its exit status and its outputs.
func (s *AWSSession) Run(args ...string) (status int, stdout, stderr string) {
	s.tb.Helper()
	if err := s.commands.Encode(append(args, "--endpoint-url", s.endpoint)); err != nil {
		s.tb.Fatalf("aws %v: %v", args, err)
	}
	answer := []any{&status, &stdout, &stderr}
	if err := s.answers.Decode(&answer); err != nil {
		s.tb.Fatalf("aws %v: %v\n%s", args, err, s.failure.String())
	}
	return status, stdout, stderr
}

// awsPython returns the interpreter that runs the AWS CLI: the one in its first line, or python3.
func awsPython(t testing.TB) string {
	t.Helper()
	cli := AWSCLI(t)
	python := "python3"
	if target, err := filepath.EvalSymlinks(cli); err == nil {
		if script, err := os.ReadFile(target); err == nil {
			first, _, _ := strings.Cut(string(script[:min(len(script), 200)]), "\n")
			if path, ok := strings.CutPrefix(first, "#!"); ok && strings.Contains(filepath.Base(path), "python") {
				python = path
			}
		}
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import awscli.clidriver").Run(); err != nil {
		Missing(t, "awscli", "the Python that runs "+cli+" was not found")
	}
	return python
}
