package imports_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// What was reviewed and what is imported must be the same.
func TestPlanIsCarriedOutUnlessSomethingHasChanged(t *testing.T) {
	t.Parallel()
	url, env, dir := clitest.StartSandbox(t, "--enforced-quota", "default"), clitest.Environment(t), t.TempDir()
	c := clitest.Client(url)
	clitest.CreateAttachments(t, c, []string{"p"}, []string{"g"}, "sensor")
	manifest, plan, list := filepath.Join(dir, "reel.csv"), filepath.Join(dir, "plan.json"), filepath.Join(dir, "list")
	content := readFile(t, clitest.Generate(t, "espressif", 3))
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(manifest, string(content))
	write(list, "none\n")
	save := func(more ...string) {
		t.Helper()
		wants(t, env, 0, []string{"thingpress import --plan " + plan}, append([]string{
			"plan", "--overwrite", "--out", plan, "--endpoint-url", url, "--policy", "p", "--thing-type", "sensor", "--thing-group", "g",
			"--skip", list, "--ignore-unmatched", "--compare", manifest,
		}, more...)...)
	}
	save()
	stale := func(texts ...string) {
		t.Helper()
		wants(t, env, 1, append(texts, "nothing was imported: the plan of", "is stale"), "import", "--yes", "--plan", plan)
	}

	wants(t, env, 2, []string{"the plan decides --policy"}, "import", "--yes", "--plan", plan, "--policy", "q")
	wants(t, env, 2, []string{"names others"}, "import", "--yes", "--plan", plan, manifest)
	wants(t, env, 2, []string{"no saved plan"}, "import", "--yes", "--plan", list)
	wants(t, env, 2, []string{"--overwrite"}, "plan", "--endpoint-url", url, "--out", plan, manifest)

	write(manifest, string(content)+"\n")
	stale("reel.csv has other content")
	write(manifest, string(content))
	write(list, "another\n")
	stale("a file of --only, --skip or --signer has changed")
	write(list, "none\n")
	name, document := "p", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}`
	if _, err := c.CreatePolicyVersion(t.Context(), &iot.CreatePolicyVersionInput{
		PolicyName:     &name,
		PolicyDocument: &document, SetAsDefault: true,
	}); err != nil {
		t.Fatal(err)
	}
	stale("policy p: the default version was 1 and is 2")
	save()
	for _, name := range planned(t, plan, "CreateThing", 7.5) {
		stale("the quota of CreateThing was 7.5/s and is " + name)
	}
	save()
	clitest.Import(t, env, "--endpoint-url", url, "--policy", "p", "--thing-type", "sensor", "--ledger", filepath.Join(dir,
		"other.db"), manifest)
	stale("3 were new, 0 unchanged", "now 0 are new")

	save()
	wants(t, env, 0, []string{"3 entries = 3 imported"}, "import", "--yes", "--plan", plan) // the group was missing
	stale("now 0 are new, 3 unchanged")
	wants(t, env, 0, nil, "plan", "--sandbox", "--out", filepath.Join(dir, "box.json"), "--policy", "p", manifest)
	wants(t, env, 0, []string{"3 entries = 3 imported"}, "import", "--plan", filepath.Join(dir, "box.json"))
}

// planned changes a quota in a saved plan and returns what it was.
func planned(t *testing.T, path, operation string, tps float64) []string {
	t.Helper()
	var plan map[string]any
	if err := json.Unmarshal(readFile(t, path), &plan); err != nil {
		t.Fatal(err)
	}
	quotas, _ := plan["quotas"].(map[string]any)
	was := quotas[operation]
	quotas[operation] = tps
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{fmt.Sprintf("%v/s", was)}
}
