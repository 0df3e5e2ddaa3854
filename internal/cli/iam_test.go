package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A policyDocument is the JSON block of docs/iam.md.
type policyDocument struct {
	Version   string
	Statement []struct {
		Sid      string
		Effect   string
		Action   oneOrMore
		Resource oneOrMore
	}
}

type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// documentedActions returns the actions of the first policy in docs/iam.md after a text, and those that
// are allowed on every resource.
func documentedActions(t *testing.T, after string) (actions []string, everywhere []string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/iam.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), after)
	if !found {
		t.Fatalf("docs/iam.md has no %q", after)
	}
	_, rest, _ = strings.Cut(rest, "```json\n")
	block, _, _ := strings.Cut(rest, "```")
	var document policyDocument
	if err := json.Unmarshal([]byte(block), &document); err != nil {
		t.Fatalf("docs/iam.md: %v", err)
	}
	for _, s := range document.Statement {
		actions = append(actions, s.Action...)
		if slices.Contains(s.Resource, "*") {
			everywhere = append(everywhere, s.Action...)
		}
	}
	slices.Sort(actions)
	slices.Sort(everywhere)
	return actions, everywhere
}

// TestPolicyIsWhatTheEngineCanCall fails if the documented policy lacks an operation of
// the engine, or allows one that the engine does not have.
func TestPolicyIsWhatTheEngineCanCall(t *testing.T) {
	t.Parallel()
	want := []string{"iam:ListAccountAliases", "servicequotas:ListServiceQuotas"}
	all := reflect.TypeFor[iot.AWS]()
	for i := range all.NumField() {
		if face := all.Field(i).Type; face.Kind() == reflect.Interface && all.Field(i).Name != "Removals" { // which no import calls
			for m := range face.NumMethod() {
				want = append(want, "iot:"+face.Method(m).Name)
			}
		}
	}
	slices.Sort(want)
	got, everywhere := documentedActions(t, "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/iam.md (-engine +page):\n%s", diff)
	}
	// The Service Authorization Reference names no resource for these.
	without := []string{
		"iam:ListAccountAliases", "iot:ListAttachedPolicies", "iot:ListCertificates", "iot:ListThings",
		"iot:RegisterCertificateWithoutCA", "servicequotas:ListServiceQuotas",
	}
	if diff := cmp.Diff(without, everywhere); diff != "" {
		t.Errorf("actions on every resource:\n%s", diff)
	}
}

// TestPolicyAllowsTheCallsOfImports compares the page with the calls that imports make
// for new devices, for existing devices, and with --adopt.
func TestPolicyAllowsTheCallsOfImports(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "calls")
	url := clitest.StartSandboxLogging(t, log, "--verbose")
	clitest.CreateAttachments(t, clitest.Client(url), []string{"p"}, []string{"g"}, "sensor")
	before := calledOperations(t, log)
	env, manifest := clitest.Environment(t), clitest.Generate(t, "espressif", 8)
	common := []string{"--endpoint-url", url, "--policy", "p", "--thing-type", "sensor"}
	for _, more := range [][]string{
		{"--status", "INACTIVE"},
		{"--status", "INACTIVE"},
		{"--adopt", "--attribute", "mac={mac}", "--thing-group", "g"},
	} {
		if s, code := clitest.Import(t, env, append(append(slices.Clone(common), more...), manifest)...); code != 0 {
			t.Fatalf("%v: exit code %d, %+v", more, code, s)
		}
	}
	allowed, _ := documentedActions(t, "")
	made := calledOperations(t, log)
	for _, must := range []string{"RegisterCertificateWithoutCA", "UpdateCertificate", "UpdateThing", "DescribeThing", "ListServiceQuotas"} {
		if !made[must] {
			t.Errorf("no %s was made: the test does not see all calls", must)
		}
	}
	for operation := range made {
		if before[operation] || operation == "GetCallerIdentity" {
			continue // made by the test itself, or allowed without permission
		}
		if !slices.Contains(allowed, "iot:"+operation) && !slices.Contains(allowed, "servicequotas:"+operation) {
			t.Errorf("imports call %s, which docs/iam.md does not allow", operation)
		}
	}
}

// TestPolicyOfEachLaterCommandIsExact fails if the page allows a later command more than it calls, or less.
func TestPolicyOfEachLaterCommandIsExact(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "calls")
	url := clitest.StartSandboxLogging(t, log, "--verbose", "--applied-quota", "ListThingPrincipals=1",
		"--applied-quota", "ListPrincipalThings=1")
	clitest.CreateAttachments(t, clitest.Client(url), []string{"p"}, []string{"g"}, "sensor")
	env := clitest.Environment(t)
	s, code := clitest.Import(t, env, "--endpoint-url", url, "--policy", "p", "--thing-group", "g", clitest.Generate(t, "espressif", 8))
	if code != 0 {
		t.Fatalf("import: exit code %d", code)
	}
	if s, code := clitest.Import(t, env, "--endpoint-url", url, "--policy", "p", "--thing-name", "renewed",
		clitest.Generate(t, "generated", 1)); code != 0 {
		t.Fatalf("import: exit code %d, %+v", code, s)
	}
	called := func(args ...string) map[string]bool {
		t.Helper()
		before := countLines(t, log)
		c := exec.CommandContext(t.Context(), clitest.Program(t), append(args, "--yes")...)
		c.Env = env
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
		return operationsFrom(t, log, before)
	}
	sessions := called("deactivate", s.Import, "--disconnect")
	delete(sessions, "DescribeCertificate")
	delete(sessions, "UpdateCertificate")
	sessions["DescribeEndpoint"] = true // only of AWS: another endpoint is that of the data plane as well
	compareActions(t, "With `--disconnect` `deactivate` also", sessions)
	called("activate", s.Import)
	for _, command := range []struct {
		args  []string
		after string
	}{
		{[]string{"deactivate", s.Import}, "`thingpress activate` and `thingpress deactivate`:"},
		{[]string{"activate", s.Import}, "`thingpress activate` and `thingpress deactivate`:"},
		{[]string{"undo", s.Import}, "`thingpress undo`, which"},
		{
			[]string{"replace", "--endpoint-url", url, "--grace", "0", "--thing-name", "renewed", clitest.Generate(t, "infineon", 1)},
			"`thingpress replace`:",
		},
	} {
		compareActions(t, command.after, called(command.args...))
	}
}

// Asking AWS about policies must take no more calls than the command says, and no other ones than the page
// allows.
func TestPolicyOfAskingAboutVectorsIsExact(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "calls")
	url := clitest.StartSandboxLogging(t, log, "--verbose")
	c := exec.CommandContext(t.Context(), clitest.Program(t), "policy", "vectors", "--against-aws", "--endpoint-url", url, "--yes")
	c.Env = clitest.Environment(t)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	made := operationsFrom(t, log, 0)
	if !made["TestAuthorization"] || !made["DeletePolicy"] {
		t.Errorf("calls %v", made)
	}
	compareActions(t, "`thingpress policy vectors --against-aws`:", made)
	// The alias of an account, which a sandbox is not asked for, is one more.
	if calls := countCalls(t, log); calls > 59 {
		t.Errorf("%d calls", calls)
	}
}

// countCalls returns the number of calls in the log of a sandbox.
func countCalls(t *testing.T, log string) (calls int) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 2 && strings.Contains(fields[0], ":") {
			calls++
		}
	}
	return calls
}

// TestPolicyOfProveIsExact fails if the page allows prove more than it calls, or less.
func TestPolicyOfProveIsExact(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, ca, keys, reel := filepath.Join(dir, "calls"), filepath.Join(dir, "ca.pem"), filepath.Join(dir, "keys"),
		filepath.Join(dir, "reel.csv")
	url := clitest.StartSandboxLogging(t, log, "--verbose", "--mqtt", "127.0.0.1:0", "--mqtt-ca", ca)
	clitest.CreateAttachments(t, clitest.Client(url), []string{"p"}, []string{"g"}, "sensor")
	env := clitest.Environment(t)
	prove := func(args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), clitest.Program(t), args...)
		c.Env = env
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	prove("generate", "--vendor", "espressif", "-n", "2", "--out", reel, "--keys", keys)
	s, code := clitest.Import(t, env, "--endpoint-url", url, "--policy", "p", "--thing-group", "g", reel)
	if code != 0 {
		t.Fatalf("import: exit code %d", code)
	}
	before := countLines(t, log)
	prove("prove", s.Import, "--keys", keys, "--mqtt-ca", ca, "--yes")
	compareActions(t, "`thingpress prove`.", operationsFrom(t, log, before))
	before = countLines(t, log)
	prove("prove", s.Import, "--keys", keys, "--mqtt-ca", ca, "--yes", "--request", "connect")
	for operation := range operationsFrom(t, log, before) {
		if operation != "DescribeEndpoint" && operation != "ListServiceQuotas" && operation != "GetCallerIdentity" {
			t.Errorf("with --request it calls %s", operation)
		}
	}
}

// countLines returns the number of lines in the log of a sandbox.
func countLines(t *testing.T, log string) int {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

// calledOperations returns the operations in the log of a sandbox, whose lines are time,
// operation, key, status and more.
func calledOperations(t *testing.T, log string) map[string]bool { return operationsFrom(t, log, 0) }

// operationsFrom is like calledOperations for the lines after the first ones, of which first is the number.
func operationsFrom(t *testing.T, log string, first int) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if first--; first >= 0 {
			continue
		}
		if fields := strings.Fields(line); len(fields) > 2 && strings.Contains(fields[0], ":") && fields[1] != "mqtt" {
			made[fields[1]] = true
		}
	}
	return made
}
