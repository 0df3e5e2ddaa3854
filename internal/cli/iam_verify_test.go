package cli_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// TestPolicyOfVerifyIsExact fails if the page allows verify more than it calls, or less.
func TestPolicyOfVerifyIsExact(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "calls")
	url := clitest.StartSandboxLogging(t, log, "--verbose")
	hand, ctx := clitest.Client(url), t.Context()
	did := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	clitest.CreateAttachments(t, hand, []string{"p"}, []string{"g", "h", "other"}, "sensor")
	did(hand.CreateBillingGroup(ctx, &iot.CreateBillingGroupInput{BillingGroupName: aws.String("b")}))
	did(hand.UpdateIndexingConfiguration(ctx, &iot.UpdateIndexingConfigurationInput{
		ThingIndexingConfiguration: &types.ThingIndexingConfiguration{
			ThingIndexingMode:             types.ThingIndexingModeRegistry,
			ThingConnectivityIndexingMode: types.ThingConnectivityIndexingModeStatus,
		},
	}))
	env, manifest := clitest.Environment(t), clitest.Generate(t, "espressif", 8)
	run := func(args ...string) map[string]bool {
		t.Helper()
		before := countLines(t, log)
		c := exec.CommandContext(ctx, clitest.Program(t), append(args, "--endpoint-url", url, "--yes", manifest)...)
		c.Env = env
		if out, err := c.CombinedOutput(); c.ProcessState.ExitCode() == 1 || c.ProcessState.ExitCode() == 2 {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
		return operationsFrom(t, log, before)
	}
	run("import")
	things, err := hand.ListThings(ctx, &iot.ListThingsInput{})
	if err != nil {
		t.Fatal(err)
	}
	did(hand.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{
		ThingName: things.Things[0].ThingName, ThingGroupName: aws.String("other"),
	}))
	wanted := []string{"verify", "--policy", "p", "--thing-type", "sensor", "--billing-group", "b", "--attribute", "mac={mac}"}
	group := append(slices.Clone(wanted), "--thing-group", "g")
	groups := append(slices.Clone(group), "--thing-group", "h")

	// What is missing differs from device to device, so that each list and each look-up is needed.
	reads := run(append(slices.Clone(group), "--status", "INACTIVE")...)
	compareActions(t, "`thingpress verify`:", reads)

	made := run(append(slices.Clone(group), "--fix")...)
	for _, name := range things.Things[1:3] { // one without certificate, one that does not exist
		principals, err := hand.ListThingPrincipals(ctx, &iot.ListThingPrincipalsInput{ThingName: name.ThingName})
		if err != nil {
			t.Fatal(err)
		}
		id := principals.Principals[0][strings.Index(principals.Principals[0], "cert/")+5:]
		did(hand.DetachThingPrincipal(ctx, &iot.DetachThingPrincipalInput{ThingName: name.ThingName, Principal: &principals.Principals[0]}))
		did(hand.UpdateCertificate(ctx, &iot.UpdateCertificateInput{CertificateId: &id, NewStatus: types.CertificateStatusInactive}))
		did(hand.DeleteCertificate(ctx, &iot.DeleteCertificateInput{CertificateId: &id, ForceDelete: true}))
	}
	did(hand.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: things.Things[1].ThingName}))
	for operation := range run(append(slices.Clone(groups), "--fix")...) {
		made[operation] = true
	}
	for operation := range made {
		if reads[operation] {
			delete(made, operation)
		}
	}
	compareActions(t, "With `--fix` it also", made)

	made = run(append(slices.Clone(groups), "--connected")...)
	for operation := range made {
		if reads[operation] {
			delete(made, operation)
		}
	}
	compareActions(t, "With `--connected` it also", made)

	before := countLines(t, log)
	c := exec.CommandContext(ctx, clitest.Program(t), "show", *things.Things[0].ThingName, "--live")
	c.Env = env
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("show: %v: %s", err, out)
	}
	compareActions(t, "`thingpress show --live`", operationsFrom(t, log, before))
}

// compareActions compares the first policy after a text in docs/iam.md with calls that were made. Finding
// the account needs no permission, and the page allows reading the quotas elsewhere.
func compareActions(t *testing.T, after string, made map[string]bool) {
	t.Helper()
	page, _ := documentedActions(t, after)
	var want, got []string
	// Which of the two forms of a list is called depends on their quotas.
	for _, action := range page {
		want = append(want, strings.TrimSuffix(action, "V2"))
	}
	for operation := range made {
		if operation != "GetCallerIdentity" && operation != "ListServiceQuotas" {
			got = append(got, strings.TrimSuffix("iot:"+operation, "V2"))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
		t.Errorf("%s -page +calls:\n%s", after, diff)
	}
}

// TestPolicyOfExportIsExact fails if the page allows export more than it calls, or less.
func TestPolicyOfExportIsExact(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "calls")
	url := clitest.StartSandboxLogging(t, log, "--verbose")
	hand, env := clitest.Client(url), clitest.Environment(t)
	clitest.CreateAttachments(t, hand, []string{"p"}, []string{"g"}, "sensor")
	if _, err := hand.UpdateIndexingConfiguration(t.Context(), &iot.UpdateIndexingConfigurationInput{
		ThingIndexingConfiguration: &types.ThingIndexingConfiguration{ThingIndexingMode: types.ThingIndexingModeRegistry},
	}); err != nil {
		t.Fatal(err)
	}
	imported := []string{"--endpoint-url", url, "--policy", "p", "--thing-group", "g", clitest.Generate(t, "espressif", 4)}
	if _, code := clitest.Import(t, env, imported...); code != 0 {
		t.Fatalf("import: exit code %d", code)
	}
	run := func(args ...string) map[string]bool {
		t.Helper()
		before := countLines(t, log)
		c := exec.CommandContext(t.Context(), clitest.Program(t), append([]string{"export", "--endpoint-url", url}, args...)...)
		c.Env = env
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
		return operationsFrom(t, log, before)
	}
	everything := run()
	compareActions(t, "`thingpress export`.", everything)
	delete(everything, "ListThings")
	delete(everything, "ListCertificates")
	for flag, lists := range map[string]string{"--group=g": "ListThingsInThingGroup", "--query=thingName:*": "SearchIndex"} {
		made := run(flag)
		if !made[lists] {
			t.Errorf("%s: no %s was made", flag, lists)
		}
		delete(made, lists)
		// Which of the two forms of a list is called depends on their quotas.
		for operation := range made {
			if !everything[operation] && !everything[strings.TrimSuffix(operation, "V2")] && !everything[operation+"V2"] {
				t.Errorf("%s calls %s", flag, operation)
			}
		}
	}
}
