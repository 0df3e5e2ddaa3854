package export_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// The AWS CLI must see no difference between a fleet and what was moved, apart from ids and times of the registries.
func TestMovedFleetIsTheSameForTheAWSCLI(t *testing.T) {
	t.Parallel()
	require.AWSCLI(t)
	m, devices := newMachine(t), fleet(t, 12)
	from, to, file := filepath.Join(m.dir, "from"), filepath.Join(m.dir, "to"), filepath.Join(m.dir, "fleet.json")
	m.must(0, "import", "--sandbox", "--sandbox-state", from, write(t, filepath.Join(m.dir, "made.json"), devices))
	m.must(0, "export", "--sandbox", "--sandbox-state", from, "--out", file)
	m.must(0, "import", "--sandbox", "--sandbox-state", to, file)
	was := seen(t, require.StartAWS(t, clitest.StartSandbox(t, "--state", from), "us-east-1"))
	is := seen(t, require.StartAWS(t, clitest.StartSandbox(t, "--state", to), "us-east-1"))
	if diff := cmp.Diff(was, is); diff != "" || len(was) < 4*len(devices) {
		t.Errorf("%d answers (-was +is):\n%s", len(was), diff)
	}
}

// seen returns what the AWS CLI answers about every thing and certificate of a registry.
func seen(t *testing.T, cli *require.AWSSession) map[string]any {
	t.Helper()
	all := map[string]any{}
	ask := func(args ...string) map[string]any {
		t.Helper()
		status, out, failure := cli.Run(append([]string{"iot"}, args...)...)
		if status != 0 {
			t.Fatalf("aws iot %v: %s", args, failure)
		}
		var answer map[string]any
		if err := json.Unmarshal([]byte(out), &answer); err != nil {
			t.Fatal(err)
		}
		all[strings.Join(args, " ")] = withoutOwn(answer)
		return answer
	}
	for _, thing := range ask("list-things")["things"].([]any) {
		name := thing.(map[string]any)["thingName"].(string)
		ask("describe-thing", "--thing-name", name)
		ask("list-thing-groups-for-thing", "--thing-name", name)
		for _, arn := range ask("list-thing-principals", "--thing-name", name)["principals"].([]any) {
			ask("list-attached-policies", "--target", arn.(string))
			ask("describe-certificate", "--certificate-id", idOf(arn.(string)))
		}
	}
	delete(all, "list-things") // in the order in which they were created
	return all
}

// withoutOwn leaves out what each registry makes up for itself, and the order of lists.
func withoutOwn(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for _, own := range []string{"thingId", "creationDate", "lastModifiedDate", "generationId"} {
			delete(value, own)
		}
		for name := range value {
			value[name] = withoutOwn(value[name])
		}
	case []any:
		slices.SortFunc(value, func(a, b any) int {
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			return strings.Compare(string(x), string(y))
		})
		for i := range value {
			value[i] = withoutOwn(value[i])
		}
	}
	return value
}
