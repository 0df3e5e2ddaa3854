package imports_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
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
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A killer is an endpoint that kills its client after a number of calls.
type killer struct {
	endpoint http.Handler

	mu     sync.Mutex
	client *os.Process
	left   int
}

// start starts a client that is killed after so many calls.
func (k *killer) start(c *exec.Cmd, calls int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := c.Start()
	k.client, k.left = c.Process, calls
	return err
}

// spare lets the next client live.
func (k *killer) spare() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = math.MaxInt
}

// admit reports whether another call takes effect.
func (k *killer) admit() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left--; k.left == 0 {
		_ = k.client.Kill() // the test waits for it
	}
	return k.left >= 0
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !k.admit() {
		panic(http.ErrAbortHandler) // closes the connection
	}
	k.endpoint.ServeHTTP(w, r)
}

// TestKilledImportLosesNothing kills the program at random moments, and at the end
// compares the registry with the ledger. The moments are counted in calls, so that they
// are spread over the import on a machine of any speed.
func TestKilledImportLosesNothing(t *testing.T) {
	t.Parallel()
	const devices, kills = 1000, 20
	const most = 6 * devices / kills * 3 / 4 // calls of a killed run: all of them together do not finish the import
	env := clitest.Environment(t)
	manifest := clitest.Generate(t, "generated", devices)
	// The latency keeps several devices in each step when the program is killed.
	server, err := sandbox.New(sandbox.Options{Latency: sandbox.Latency{Mean: 10 * time.Millisecond, Jitter: 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	policies, groups := []string{"p1", "p2"}, []string{"g1"}
	if _, err := server.Ensure(policies, "sensor", groups, ""); err != nil {
		t.Fatal(err)
	}
	k := &killer{endpoint: server}
	listener := httptest.NewServer(k)
	t.Cleanup(listener.Close)
	book := filepath.Join(t.TempDir(), "ledger.db")
	args := []string{
		"--endpoint-url", listener.URL, "--ledger", book, "--policy", "p1", "--policy", "p2", "--thing-group", "g1",
		"--thing-type", "sensor", manifest,
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed of the moments: %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range kills {
		c := exec.Command(clitest.Program(t), append([]string{"import", "--yes", "--quiet"}, args...)...)
		c.Env = env
		if err := k.start(c, 1+random.IntN(most)); err != nil {
			t.Fatal(err)
		}
		err := c.Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() >= 0 {
			t.Fatalf("run %d ended by itself: %v", n, err)
		}
	}
	k.spare()
	got, code := clitest.Import(t, env, args...)
	if code != 0 || got.Imported != devices || got.Pending != 0 {
		t.Fatalf("exit code %d, %+v", code, got)
	}
	compareWithLedger(t, clitest.Client(listener.URL), book, devices, policies, groups)
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
