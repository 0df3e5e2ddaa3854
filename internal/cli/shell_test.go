package cli_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// A shell is one bash that runs blocks one after the other, so that variables, functions and
// background commands of one block are there in the next.
type shell struct {
	dir  string // with a file of each block
	bin  string // in PATH
	work string // the working directory
	in   io.Writer
	out  *bufio.Reader
	n    int
	moto string // URL, once a block needed it
	test testing.TB
}

// prelude replaces the commands that change the machine or leave it, and lets go and make run
// in the checkout. make shows what it would do, except for make try.
const prelude = `
go() { case $1 in install) echo not run: go "$@";; *) (cd "$ROOT" && command go "$@");; esac; }
make() { case $1 in try) ;; *) set -- -n "$@";; esac; (cd "$ROOT" && command make --no-print-directory "$@"); }
for name in sudo docker podman skopeo git sam curl sha256sum tar; do eval "$name() { echo not run: $name \"\$@\"; }"; done
trap '` + onFailure + `' ERR
`

// onFailure notes a command that failed.
const onFailure = `printf "%d %s\n" "$?" "$BASH_COMMAND" >&9`

// startShell starts bash in an empty directory with a link to the examples, with a fresh home
// directory, and ends it and everything that it started with the test.
func startShell(t *testing.T, root string) *shell {
	t.Helper()
	// The pages name the sandbox's default port, which only one test of this machine can use.
	port := flock.New(filepath.Join(os.TempDir(), "thingpress-test-4510.lock"))
	if err := port.Lock(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = port.Unlock() })
	bash, err := exec.LookPath("bash")
	if err != nil && runtime.GOOS == "windows" {
		t.Skip("Windows has no bash")
	} else if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	work, home := filepath.Join(base, "work"), filepath.Join(base, "home")
	s := &shell{test: t, dir: filepath.Join(base, "blocks"), bin: filepath.Join(base, "bin"), work: work}
	for _, dir := range []string{s.dir, s.bin, work, home} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(root, "examples"), filepath.Join(work, "examples")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bash, "--noprofile", "--norc")
	cmd.Dir = work
	cmd.Env = []string{
		"HOME=" + home, "ROOT=" + root, "TMPDIR=" + os.TempDir(), "LANG=C.UTF-8", "AWS_EC2_METADATA_DISABLED=true",
		"PATH=" + strings.Join([]string{s.bin, filepath.Dir(clitest.Program(t)), os.Getenv("PATH")}, string(filepath.ListSeparator)),
	}
	caches, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY", "GOSUMDB").Output()
	if err != nil {
		t.Fatal(err)
	}
	values := strings.Split(string(caches), "\n")
	for i, name := range []string{"GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY", "GOSUMDB"} {
		cmd.Env = append(cmd.Env, name+"="+values[i])
	}
	ownGroup(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		endGroup(cmd)
		_ = cmd.Wait() // killed
	})
	s.out = bufio.NewReader(out)
	if _, err := io.WriteString(s.in, "exec 9>/dev/null\n"); err != nil { // between blocks, the trap writes as well
		t.Fatal(err)
	}
	if failed, output := s.run(t, "", prelude); failed != "" {
		t.Fatalf("%s\n%s", failed, output)
	}
	return s
}

// run runs commands in the shell, with more environment if there is any, and returns the exit
// code and text of the commands that failed, and what was printed.
func (s *shell) run(t *testing.T, environment, commands string) (failed, output string) {
	t.Helper()
	s.n++
	file := filepath.Join(s.dir, fmt.Sprintf("%03d", s.n))
	if err := os.WriteFile(file, []byte(commands), 0o600); err != nil {
		t.Fatal(err)
	}
	call := fmt.Sprintf(". '%[1]s' </dev/null >'%[1]s.out' 2>&1 9>'%[1]s.failed'", file)
	if environment != "" {
		call = "( trap '" + onFailure + "' ERR; export " + environment + "; " + call + " )" // a subshell inherits no trap for ERR
	}
	if _, err := fmt.Fprintf(s.in, "%s\necho ended\n", call); err != nil {
		t.Fatal(err)
	}
	if _, err := s.out.ReadString('\n'); err != nil {
		t.Fatalf("the shell ended: %v\n%s", err, commands)
	}
	read := func(suffix string) string {
		content, err := os.ReadFile(file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	return read(".failed"), read(".out")
}

// parse fails the test if bash cannot parse the commands.
func (s *shell) parse(t *testing.T, commands string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-n")
	cmd.Stdin = strings.NewReader(commands)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// needAWSCLI puts the AWS CLI into PATH, or skips the test.
func (s *shell) needAWSCLI(t *testing.T) {
	t.Helper()
	aws := require.AWSCLI(t)
	if err := os.Symlink(aws, filepath.Join(s.bin, "aws")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
}

// aws returns the environment in which moto is the AWS account of the reader, who confirms
// everything. moto runs no functions, so nothing can be followed.
func (s *shell) aws(t *testing.T) string {
	t.Helper()
	s.needAWSCLI(t)
	if s.moto == "" {
		s.moto = require.Moto(s.test).URL // it must outlive the subtest of this block
		// The reader has files of these names, or has generated one.
		for name, example := range map[string]string{"reel-0042.csv": "espressif.csv", "our-signer.crt": "microchip-signer.pem"} {
			if err := os.Symlink(filepath.Join(s.work, "examples", example), filepath.Join(s.work, name)); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
		}
	}
	return strings.Join([]string{
		"THINGPRESS_ENDPOINT_URL=" + s.moto, "AWS_ENDPOINT_URL=" + s.moto, "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"THINGPRESS_YES=true", "THINGPRESS_NO_FOLLOW=true", "THINGPRESS_CODE=" + s.code(t),
	}, " ")
}

// code writes an empty zip in place of the functions.
func (s *shell) code(t *testing.T) string {
	t.Helper()
	path := filepath.Join(s.dir, "thingpress-lambda.zip")
	if err := os.WriteFile(path, []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
