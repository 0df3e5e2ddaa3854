package stack_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/stack"
)

// command runs a program of the SAM tools in the root of the module, without the
// machine's AWS configuration.
func command(t *testing.T, name string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), require.SAM(t, name), args...)
	cmd.Dir = require.Root(t)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "SAM_CLI_TELEMETRY=0", "AWS_DEFAULT_REGION=eu-central-1",
		"AWS_EC2_METADATA_DISABLED=true")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// The CLI deploys the expanded template, which must be what SAM would deploy.
func TestExpandedTemplateIsWhatTheTranslatorMakes(t *testing.T) {
	t.Parallel()
	expanded, stderr, err := command(t, "python", "stack/expand.py", "stack/template.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if diff := cmp.Diff(string(stack.Template), expanded); diff != "" {
		t.Errorf("`make lambda` writes another stack/expanded.json:\n%s", diff)
	}
}

func TestLintersFindNothing(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"cfn-lint of the template":          {"cfn-lint", "stack/template.yaml"},
		"cfn-lint of the expanded template": {"cfn-lint", "stack/expanded.json"},
		"sam validate --lint":               {"sam", "validate", "--lint", "--template", "stack/template.yaml"},
		"sam validate of what is deployed":  {"sam", "validate", "--template", "stack/expanded.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if stdout, stderr, err := command(t, args[0], args[1:]...); err != nil {
				t.Errorf("%v\n%s%s", err, stdout, stderr)
			}
		})
	}
}

// `sam build` takes the zip as it is, as `sam deploy` does afterwards.
func TestSAMBuilds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"stack/template.yaml":        text,
		"dist/thingpress-lambda.zip": []byte("PK\x05\x06" + strings.Repeat("\x00", 18)),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := filepath.Join(dir, "build")
	stdout, stderr, err := command(t, "sam", "build", "--template", filepath.Join(dir, "stack", "template.yaml"), "--build-dir", build)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	built, err := os.ReadFile(filepath.Join(build, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(built), "thingpress-lambda.zip"); n == 0 {
		t.Errorf("what was built does not name the functions' code:\n%s", built)
	}
}
