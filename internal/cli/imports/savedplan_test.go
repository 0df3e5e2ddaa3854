package imports_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	wants(t, env, 2, []string{"not a saved plan"}, "import", "--yes", "--plan", list)
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
	clitest.CreateAttachments(t, c, []string{"of-group"}, nil, "other")
	group, err := c.DescribeThingGroup(t.Context(), &iot.DescribeThingGroupInput{ThingGroupName: aws.String("g")})
	if err != nil {
		t.Fatal(err)
	}
	attach := &iot.AttachPolicyInput{PolicyName: aws.String("of-group"), Target: group.ThingGroupArn}
	if _, err := c.AttachPolicy(t.Context(), attach); err != nil {
		t.Fatal(err)
	}
	stale("policy on a thing group, of-group is new")
	save()
	if _, err := c.CreatePolicyVersion(t.Context(), &iot.CreatePolicyVersionInput{
		PolicyName: aws.String("of-group"), PolicyDocument: &document, SetAsDefault: true,
	}); err != nil {
		t.Fatal(err)
	}
	stale("policy on a thing group, of-group: the default version was 1 and is 2")
	save()
	stale(fmt.Sprintf("the quota of CreateThing was 7.5/s and is %v/s", change(t, plan, "quotas", "CreateThing", 7.5)))
	save()
	clitest.Import(t, env, "--endpoint-url", url, "--policy", "p", "--thing-type", "sensor", "--ledger", filepath.Join(dir,
		"other.db"), manifest)
	stale("3 were new, 0 unchanged", "now 0 are new")

	save()
	change(t, plan, "flags", "report", []string{"r.csv"}) // which would be written without a word
	wants(t, env, 2, []string{"a plan does not decide --report"}, "import", "--yes", "--plan", plan)
	save()
	wants(t, env, 0, []string{"3 entries = 3 imported"}, "import", "--yes", "--plan", plan) // the group was missing
	wants(t, env, 0, []string{"command     thingpress import --plan " + plan + " --yes\n"}, "show", "0")
	stale("now 0 are new, 3 unchanged")
	wants(t, env, 0, nil, "plan", "--sandbox", "--out", filepath.Join(dir, "box.json"), "--policy", "p", manifest)
	wants(t, env, 0, []string{"3 entries = 3 imported"}, "import", "--plan", filepath.Join(dir, "box.json"))
}

// change changes a value in an object of a saved plan and returns what it was.
func change(t *testing.T, path, object, key string, value any) any {
	t.Helper()
	var plan map[string]any
	if err := json.Unmarshal(readFile(t, path), &plan); err != nil {
		t.Fatal(err)
	}
	values, _ := plan[object].(map[string]any)
	was := values[key]
	values[key] = value
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return was
}
