package imports_test

import (
	"errors"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// TestKilledImportLosesNothing kills the program at random moments, and at the end
// compares the registry with the ledger.
func TestKilledImportLosesNothing(t *testing.T) {
	t.Parallel()
	const devices, kills = 1000, 20
	env := clitest.Environment(t)
	manifest := clitest.Generate(t, "generated", devices)
	url := clitest.StartSandbox(t, "--latency", "10ms±10ms")
	policies, groups := []string{"p1", "p2"}, []string{"g1"}
	clitest.CreateAttachments(t, clitest.Client(url), policies, groups, "sensor")
	book := filepath.Join(t.TempDir(), "ledger.db")
	// The quota spreads the import over the kills. The latency keeps several devices in
	// each step when the program is killed.
	args := []string{
		"--endpoint-url", url, "--ledger", book, "--policy", "p1", "--policy", "p2", "--thing-group", "g1",
		"--thing-type", "sensor", "--quota", "RegisterCertificateWithoutCA=125", manifest,
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed of the moments: %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	killed := 0
	for killed < kills {
		c := exec.Command(clitest.Program(t), append([]string{"import", "--yes", "--quiet"}, args...)...)
		c.Env = env
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(100*time.Millisecond+time.Duration(random.Int64N(int64(400*time.Millisecond))), func() { _ = c.Process.Kill() })
		err := c.Wait()
		timer.Stop()
		var exit *exec.ExitError
		if err == nil {
			break // done before it could be killed
		}
		if !errors.As(err, &exit) || exit.ExitCode() >= 0 {
			t.Fatalf("run %d ended by itself: %v", killed, err)
		}
		killed++
	}
	if killed < kills {
		t.Fatalf("the import was done after %d kills", killed)
	}
	got, code := clitest.Import(t, env, args...)
	if code != 0 || got.Imported != devices || got.Pending != 0 {
		t.Fatalf("exit code %d, %+v", code, got)
	}
	compareWithLedger(t, clitest.Client(url), book, devices, policies, groups)
}

// compareWithLedger compares what a registry has with what an import created according
// to its ledger.
func compareWithLedger(t *testing.T, c *iot.Client, path string, devices int, policies, groups []string) {
	t.Helper()
	ctx := t.Context()
	registered := map[string]bool{}
	for pages := iot.NewListCertificatesPaginator(c, &iot.ListCertificatesInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, certificate := range page.Certificates {
			registered[*certificate.CertificateId] = true
		}
	}
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	var imports []ledger.Import
	for i, err := range reader.Imports(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		imports = append(imports, i)
	}
	if len(imports) != 1 || imports[0].State != ledger.StateFinished || imports[0].Counts.Imported != devices {
		t.Fatalf("the ledger holds %+v", imports)
	}
	created := map[string]bool{}
	records := make(chan ledger.Record)
	var looks sync.WaitGroup
	for range 32 {
		looks.Go(func() {
			for r := range records {
				checkDevice(t, c, r, policies, groups)
			}
		})
	}
	for r, err := range reader.Records(ctx, imports[0].ID) {
		if err != nil {
			t.Fatal(err)
		}
		want := []ledger.Step{
			{Operation: "AddThingToThingGroup"},
			{Operation: "AttachThingPrincipal", Created: true},
			{Operation: "CreateThing", Created: true},
			{Operation: "RegisterCertificateWithoutCA", Created: true},
		}
		for _, name := range policies {
			want = append(want, ledger.Step{Operation: "AttachPolicy", Resource: name, Created: true})
		}
		want[0].Resource = groups[0]
		if diff := cmp.Diff(sortedSteps(want), sortedSteps(r.Steps)); diff != "" {
			t.Fatalf("steps of entry %d:\n%s", r.Entry, diff)
		}
		created[r.CertificateID.String()] = true
		records <- r
	}
	close(records)
	looks.Wait()
	if diff := cmp.Diff(registered, created); diff != "" {
		t.Errorf("the ledger differs from what was registered:\n%s", diff)
	}
}

func sortedSteps(steps []ledger.Step) []ledger.Step {
	sorted := slices.Clone(steps)
	slices.SortFunc(sorted, func(a, b ledger.Step) int {
		if a.Operation+a.Resource < b.Operation+b.Resource {
			return -1
		}
		return 1
	})
	return sorted
}

// checkDevice checks one device in the registry.
func checkDevice(t *testing.T, c *iot.Client, r ledger.Record, policies, groups []string) {
	t.Helper()
	ctx := t.Context()
	things, err := c.ListPrincipalThings(ctx, &iot.ListPrincipalThingsInput{Principal: &r.CertificateARN})
	if err != nil {
		t.Error(err)
		return
	}
	principals, err := c.ListThingPrincipals(ctx, &iot.ListThingPrincipalsInput{ThingName: &r.ThingName})
	if err != nil {
		t.Error(err)
		return
	}
	attached, err := c.ListAttachedPolicies(ctx, &iot.ListAttachedPoliciesInput{Target: &r.CertificateARN})
	if err != nil {
		t.Error(err)
		return
	}
	member, err := c.ListThingGroupsForThing(ctx, &iot.ListThingGroupsForThingInput{ThingName: &r.ThingName})
	if err != nil {
		t.Error(err)
		return
	}
	var gotPolicies, gotGroups []string
	for _, p := range attached.Policies {
		gotPolicies = append(gotPolicies, *p.PolicyName)
	}
	for _, g := range member.ThingGroups {
		gotGroups = append(gotGroups, *g.GroupName)
	}
	slices.Sort(gotPolicies)
	slices.Sort(gotGroups)
	got := [][]string{things.Things, principals.Principals, gotPolicies, gotGroups}
	if diff := cmp.Diff([][]string{{r.ThingName}, {r.CertificateARN}, policies, groups}, got); diff != "" {
		t.Errorf("%s:\n%s", r.ThingName, diff)
	}
}
