package manifests_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// run runs a command line and returns exit code, stdout and stderr.
func run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Main(t.Context(), args, terminal.Streams{
		In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Width:     func() int { return 80 },
		LookupEnv: func(string) (string, bool) { return "", false },
	})
	return code, stdout.String(), stderr.String()
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestGenerateWritesWhatWasAskedForAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, out, errs := run(t, "generate", "--vendor", "microchip", "-n", "9", "--seed", "s", "--defects", "0.3",
		"--out", filepath.Join(dir, "reel.json"), "--signer-out", filepath.Join(dir, "signer.pem"), "--keys", filepath.Join(dir, "keys"))
	if code != exit.OK || out != "" || !strings.Contains(errs, "generated 9 entries; --seed s generates the same again") {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, out, errs)
	}
	if got, want := filesIn(t, dir), []string{"keys", "reel.json", "reel.json.expected.jsonl", "signer.pem"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	expected, err := os.ReadFile(filepath.Join(dir, "reel.json.expected.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(expected), "\n"); n != 9 {
		t.Errorf("%d expectations, want 9", n)
	}
	keys := filesIn(t, filepath.Join(dir, "keys"))
	if devices := strings.Count(string(expected), `"outcome":"device"`); len(keys) == 0 || len(keys) > devices {
		t.Errorf("%d keys for %d devices", len(keys), devices)
	}
	for _, key := range keys {
		info, err := os.Stat(filepath.Join(dir, "keys", key))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v, %v", key, info.Mode(), err)
		}
	}
}

func TestGenerateTellsTheSeedItChose(t *testing.T) {
	t.Parallel()
	code, first, errs := run(t, "generate", "--vendor", "generated", "-n", "3", "--out", "-")
	_, after, found := strings.Cut(errs, "--seed ")
	if code != exit.OK || !found {
		t.Fatalf("exit %d, stderr %q", code, errs)
	}
	seed, _, _ := strings.Cut(after, " ")
	_, again, _ := run(t, "generate", "--vendor", "generated", "-n", "3", "--out", "-", "--seed", seed)
	if first == "" || first != again {
		t.Errorf("the seed %q does not reproduce the manifest", seed)
	}
}

func TestGenerateLeavesNothingBehindWhenItFails(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"unknown vendor":       {"--vendor", "acme"},
		"no vendor":            {},
		"unknown key":          {"--vendor", "espressif", "--key-type", "dsa"},
		"no entries":           {"--vendor", "espressif", "-n", "0"},
		"too many defects":     {"--vendor", "espressif", "--defects", "1.5"},
		"defects of no number": {"--vendor", "espressif", "--defects", "NaN"},
		"a signer of a CSV":    {"--vendor", "espressif", "--signer-out", "x"},
		"a bundle of a CSV":    {"--vendor", "espressif", "--bundle", "E0E0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "reel.csv")
			if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			code, _, errs := run(t, append([]string{"generate", "--out", path}, args...)...)
			if code != exit.Usage || errs == "" {
				t.Errorf("exit %d, stderr %q", code, errs)
			}
			text, err := os.ReadFile(path)
			if err != nil || string(text) != "mine" {
				t.Errorf("the existing file was changed: %q, %v", text, err)
			}
			if left := filesIn(t, dir); len(left) != 1 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}
