package stack_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/stack"
)

// example copies an example into a new directory, with the template and a zip.
func example(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(require.Root(t), "examples", name))); err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{
		"thingpress-template.json": stack.Template, "thingpress-lambda.zip": []byte("PK\x05\x06" + strings.Repeat("\x00", 18)),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The CDK refuses what it does not understand of a template, and warns of what CloudFormation would refuse.
func TestExampleForTheCDKSynthesizesTheTemplate(t *testing.T) {
	t.Parallel()
	modules := require.CDK(t)
	dir := example(t, "cdk")
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(modules, ".bin", "cdk"),
		"synth", "--quiet", "--no-notices", "--no-version-reporting", "--output", "out")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "CDK_DISABLE_CLI_TELEMETRY=true", "AWS_EC2_METADATA_DISABLED=true", "NO_COLOR=1")
	said, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(said), "WARNING") || strings.Contains(string(said), "ERROR") {
		t.Fatalf("%v\n%s", err, said)
	}
	nested, err := filepath.Glob(filepath.Join(dir, "out", "*.nested.template.json"))
	if err != nil || len(nested) != 1 {
		t.Fatalf("nested stacks: %q, %v", nested, err)
	}
	text, err := os.ReadFile(nested[0])
	if err != nil {
		t.Fatal(err)
	}
	var made template
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	parsed := load(t)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(parsed.Resources)), slices.Sorted(maps.Keys(made.Resources))); diff != "" {
		t.Errorf("resources (-template +synthesized):\n%s", diff)
	}
	for _, id := range made.of("AWS::Lambda::Function") {
		if code, _ := made.Resources[id].at("Code").(map[string]any); len(code) != 2 {
			t.Errorf("%s: code %v", id, code)
		}
	}
}

// Terraform checks resources only with the provider, which init fetches from the registry of HashiCorp.
func TestExampleForTerraformIsValid(t *testing.T) {
	t.Parallel()
	program := require.Terraform(t)
	dir := example(t, "terraform")
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program, append([]string{"-chdir=" + dir}, args...)...)
		cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
	if said, err := run("fmt", "-check", "-diff", "-no-color"); err != nil { // which also parses it
		t.Fatalf("%v\n%s", err, said)
	}
	if said, err := run("init", "-backend=false", "-no-color"); err != nil {
		require.Missing(t, "terraform", "the provider hashicorp/aws: "+said)
	}
	if said, err := run("validate", "-no-color"); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// A misspelt parameter would be noticed by CloudFormation alone.
func TestExamplesNameParametersAndOutputsOfTheTemplate(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	for file, where := range map[string]struct{ begin, end, pattern string }{
		"terraform/main.tf": {"parameters = {", "\n  }", `(?m)^\s+(\w+)\s+=`},
		"cdk/app.js":        {"parameters: {", "}", `(\w+):\s`},
	} {
		text, err := os.ReadFile(filepath.Join("..", "examples", file))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), where.begin)
		given, rest, _ := strings.Cut(rest, where.end)
		names := regexp.MustCompile(where.pattern).FindAllStringSubmatch(given, -1)
		if len(names) < 3 {
			t.Errorf("%s: parameters %q", file, names)
		}
		for _, name := range names {
			if parsed.Parameters[name[1]] == nil {
				t.Errorf("%s: the template has no parameter %s", file, name[1])
			}
		}
		for _, name := range regexp.MustCompile(`outputs\["(\w+)"\]`).FindAllStringSubmatch(rest, -1) {
			if _, ok := parsed.Outputs[name[1]]; !ok {
				t.Errorf("%s: the template has no output %s", file, name[1])
			}
		}
	}
}
