package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// documentedFields reads a page such as docs/json.md. It maps "command: type" to its fields, and each
// field to whether it is optional.
func documentedFields(t *testing.T, page string) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]map[string]bool{}
	var section map[string]bool
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = map[string]bool{}
			sections[strings.TrimSpace(title)] = section
		}
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.HasPrefix(line, "| `") {
			continue
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			section[strings.Trim(name, " `")] = strings.HasPrefix(strings.TrimSpace(cells[2]), "*optional*")
		}
	}
	return sections
}

// Scripts rely on the page: it must document every printed field, and every field that
// it does not call optional must be printed.
func TestPrintedJSONIsWhatThePageSays(t *testing.T) {
	t.Parallel()
	fields := documentedFields(t, "../../docs/json.md")
	good, err := filepath.Abs("../../examples/espressif.csv")
	if err != nil {
		t.Fatal(err)
	}
	env, dir := clitest.Environment(t), t.TempDir()
	bad, cut, missing := filepath.Join(dir, "bad.csv"), filepath.Join(dir, "cut.csv"), filepath.Join(dir, "missing.csv")
	if err := os.WriteFile(bad, []byte("MAC,cn,cert\n4BA2BB8764BD,sensor-1,rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, content[:len(content)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(settings, []byte("[targets.a]\nshare = 0.5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := clitest.StartSandbox(t, "--enforced-quota", "default")
	if _, err := clitest.Client(url).UpdateIndexingConfiguration(t.Context(), &iot.UpdateIndexingConfigurationInput{
		ThingIndexingConfiguration: &types.ThingIndexingConfiguration{
			ThingIndexingMode:             types.ThingIndexingModeRegistry,
			ThingConnectivityIndexingMode: types.ThingConnectivityIndexingModeStatus,
		},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := clitest.Client(url).CreateThing(t.Context(), &iot.CreateThingInput{ThingName: aws.String("bare")}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	printed := []string{progressLine(t)}
	before, _ := clitest.Import(t, env, "--sandbox", "--policy", "p", "--sandbox-state", filepath.Join(dir, "state"), good)
	keys, reel := filepath.Join(dir, "keys"), filepath.Join(dir, "reel.csv")
	generate := exec.CommandContext(t.Context(), clitest.Program(t), "generate", "--vendor", "espressif", "-n", "2",
		"--out", reel, "--keys", keys)
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	proven, _ := clitest.Import(t, env, "--sandbox", "--policy", "p", "--sandbox-state", filepath.Join(dir, "proven"), reel)
	for _, args := range [][]string{
		{"inspect", good, good, bad},
		{"inspect", cut},
		{"diff", good, bad},
		{
			"convert", "--from", "azure-dps", filepath.Join(require.Root(t), "examples", "azure-enrollments.json"), good, bad, "--to", "csv",
			"--out", filepath.Join(dir, "azure.csv"),
		},
		{"import", "--sandbox", "--dry-run", "--policy", "p", good},
		{
			"import", "--dry-run", "--policy", "p", "--target", "endpoint-url=" + url,
			"--target", "sandbox=true,sandbox-state=" + filepath.Join(dir, "several"), good,
		},
		{"import", "--sandbox", "--policy", "p", good, bad},
		{"import", "--sandbox", "--policy", "p", "--thing-type", "t", good},
		{"imports"},
		{"plan", "--sandbox", "--policy", "p", "--quota", "AttachPolicy=15", good, good, bad},
		{"plan", "--sandbox", "--policy", "p", "--thing-type", "t", "--compare", good},
		{"plan", "--sandbox", "--strict-names", "--policy", "missing", good},
		{"plan", "--sandbox", missing},
		{"quotas", "--endpoint-url", url, "--rate", "100000/h", "--policy", "p", "--request", "--yes"},
		{"plan", "--offline", good},
		{"quotas", "--sandbox"},
		{"quotas", "--offline", "--devices", "250000"},
		{"policy", "vectors"},
		{"policy", "vectors", "--against-aws", "--sandbox", "--sandbox-state", filepath.Join(dir, "state")},
		{"policy", "check", "--policy", filepath.Join(require.Root(t), "examples", "policy.json"), good},
		{"activate", before.Import, "--sandbox-state", filepath.Join(dir, "state")},
		{"undo", before.Import, "--sandbox-state", filepath.Join(dir, "state")},
		{"policy", "explain", "--sandbox", "3692840e-6a93-40b5-a796-f747a174f5c9", "connect", "publish:a"},
		{"verify", before.Import, "--sandbox-state", filepath.Join(dir, "state")},
		{"export", "--endpoint-url", url, "--out", filepath.Join(dir, "fleet.json")},
		{
			"verify", "--policy", "p", "--target", "endpoint-url=" + url, "--target", "sandbox=true,sandbox-state=" + filepath.Join(dir, "state"),
			good,
		},
		{"verify", "--endpoint-url", url, "--connected", "--policy", "p", good},
		{"prove", proven.Import, "--sandbox-state", filepath.Join(dir, "proven"), "--keys", keys, "--request", "publish:x"},
		{"signers"},
		{"signers", filepath.Join(require.Root(t), "examples", "microchip-signer.pem")},
		{"version"},
		{"config", "--config", settings, "--target", "a"},
		{"show", "0"},
		{"show", "4BA2BB8764BD"},
		{"show", "3692840e-6a93-40b5-a796-f747a174f5c9", "--live"},
		{"report", "0"},
		{"report", "--as-manifest", filepath.Join(dir, "back.csv"), "0"},
	} {
		if args[len(args)-1] == "0" { // an import
			args[len(args)-1] = anImport(t, env)
		}
		if args[0] == "report" && len(args) == 2 {
			args = append(args, filepath.Join(dir, "report.html"))
		}
		c := exec.Command(clitest.Program(t), append(args, "--output", "json")...)
		c.Env = env
		out, _ := c.Output() // the output is documented for every exit code
		for line := range strings.Lines(string(out)) {
			printed = append(printed, args[0]+" "+line)
		}
	}
	for _, line := range printed {
		command, line, _ := strings.Cut(line, " ")
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%s: %v: %s", command, err, line)
		}
		section := command + ": " + strings.Trim(string(object["type"]), `"`)
		switch {
		case string(object["type"]) == `"error"`:
			section = "every command: error"
		case string(object["type"]) == `"progress"`:
			section = "import, plan, stack import: progress"
		case section == "activate: summary":
			section = "undo: summary"
		case section == "inspect: skipped":
			section = "inspect: rejected"
		}
		seen[section] = true
		documented, ok := fields[section]
		if !ok {
			t.Fatalf("docs/json.md has no section %q", section)
		}
		for name := range object {
			if _, ok := documented[name]; !ok {
				t.Errorf("%s: %s is printed and not documented", section, name)
			}
		}
		for name, optional := range documented {
			if _, printed := object[name]; !printed && !optional {
				t.Errorf("%s: %s is documented and not printed: %s", section, name, line)
			}
		}
	}
	for _, section := range slices.Sorted(maps.Keys(fields)) {
		if !seen[section] {
			t.Errorf("nothing printed a line of %q", section)
		}
	}
}

// anImport returns the ID of the latest import of this machine.
func anImport(t *testing.T, env []string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), clitest.Program(t), "imports", "-o", "json")
	c.Env = env
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var line struct{ Import string }
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&line); err != nil {
		t.Fatal(err)
	}
	return line.Import
}

// progressLine returns what a command prints after ten seconds.
func progressLine(t *testing.T) string {
	var out bytes.Buffer
	synctest.Test(t, func(*testing.T) {
		p := terminal.Streams{Out: &out, Err: io.Discard}.Progress(false, terminal.JSON)
		p.Update(progress.Status{Phase: "importing", Done: 2, Total: 9, Imported: 1, Rejected: 1, Rate: 2, Ceiling: 10, Binding: "AttachPolicy"})
		time.Sleep(11 * time.Second) // simulated
		p.Close()
	})
	return "import " + out.String()
}
