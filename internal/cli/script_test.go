package cli_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"thingpress": func() { os.Exit(cli.Main(context.Background(), os.Args[1:], cli.System())) },
	})
}

// TestScripts runs testdata/script: one file per behaviour, headed by the
// reason why it must stay so.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scriptParams(t, "testdata/script"))
}

func scriptParams(t *testing.T, dir string) testscript.Params {
	t.Helper()
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	version1, err := filepath.Abs("../ledger/sqlite/testdata/version-1")
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("EXAMPLES", examples)
			env.Setenv("VERSION_1", version1)
			// Nothing of this machine's AWS may decide a test.
			env.Setenv("AWS_CONFIG_FILE", os.DevNull)
			env.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	}
}

// TestStackScripts runs testdata/stack. All of its stacks are in one moto, as in one account.
func TestStackScripts(t *testing.T) {
	t.Parallel()
	moto := require.Moto(t)
	params := scriptParams(t, "testdata/stack")
	setup := params.Setup
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("THINGPRESS_ENDPOINT_URL", moto.URL)
		env.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
		env.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
		env.Setenv("AWS_REGION", "us-east-1")
		return setup(env)
	}
	testscript.Run(t, params)
}

// exits runs a program and holds it to its exit code: exits 3 thingpress inspect x.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
