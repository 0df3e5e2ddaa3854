package verify_test

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, cli.Main, cli.System) }

func TestScripts(t *testing.T) {
	t.Parallel()
	clitest.Scripts(t, "testdata")
}

// --fix must make what is missing, and leave what is different or was added by somebody else.
func TestFixMakesWhatIsMissingAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 12)
	c, ctx := w.hand, t.Context()
	detach := func(name *string) {
		w.did(c.DetachThingPrincipal(ctx, &iot.DetachThingPrincipalInput{ThingName: name, Principal: w.arn(*name)}))
	}
	inactive := func(name string) {
		w.did(c.UpdateCertificate(ctx, &iot.UpdateCertificateInput{
			CertificateId: aws.String(w.ids[name]), NewStatus: types.CertificateStatusInactive,
		}))
	}
	mendable, left := map[string][]string{}, map[string][]string{}
	change := func(i int, to map[string][]string, kinds []string, do func(name *string)) {
		to[w.names[i]] = kinds
		do(&w.names[i])
	}
	change(0, mendable, []string{"certificate-gone"}, func(name *string) {
		detach(name)
		inactive(*name)
		w.did(c.DeleteCertificate(ctx, &iot.DeleteCertificateInput{CertificateId: aws.String(w.ids[*name]), ForceDelete: true}))
	})
	change(1, mendable, []string{"thing-gone"}, func(name *string) {
		detach(name)
		w.did(c.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: name}))
	})
	change(2, mendable, []string{"detached"}, detach)
	change(3, mendable, []string{"policy-missing"}, func(name *string) {
		w.did(c.DetachPolicy(ctx, &iot.DetachPolicyInput{PolicyName: aws.String("p"), Target: w.arn(*name)}))
	})
	change(4, mendable, []string{"group-missing"}, func(name *string) {
		w.did(c.RemoveThingFromThingGroup(ctx, &iot.RemoveThingFromThingGroupInput{ThingName: name, ThingGroupName: aws.String("g")}))
	})
	change(5, mendable, []string{"billing-group"}, func(name *string) {
		w.did(c.RemoveThingFromBillingGroup(ctx, &iot.RemoveThingFromBillingGroupInput{ThingName: name, BillingGroupName: aws.String("bills")}))
	})
	change(6, mendable, []string{"attribute", "thing-type"}, func(name *string) {
		w.did(c.UpdateThing(ctx, &iot.UpdateThingInput{
			ThingName: name, RemoveThingType: true,
			AttributePayload: &types.AttributePayload{Attributes: map[string]string{"mac": ""}, Merge: true},
		}))
	})
	change(7, left, []string{"status"}, func(name *string) { inactive(*name) })
	change(8, left, []string{"attribute"}, func(name *string) {
		w.did(c.UpdateThing(ctx, &iot.UpdateThingInput{
			ThingName: name, AttributePayload: &types.AttributePayload{Attributes: map[string]string{"mac": "other"}, Merge: true},
		}))
	})
	change(9, left, []string{"detached", "other-thing"}, func(name *string) {
		w.did(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: aws.String("stranger")}))
		detach(name)
		w.did(c.AttachThingPrincipal(ctx, &iot.AttachThingPrincipalInput{ThingName: aws.String("stranger"), Principal: w.arn(*name)}))
	})
	change(10, left, []string{"policy-extra"}, func(name *string) {
		w.did(c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: aws.String("q"), Target: w.arn(*name)}))
	})

	all := map[string][]string{}
	for _, some := range []map[string][]string{mendable, left} {
		for name, kinds := range some {
			all[name] = slices.Sorted(slices.Values(kinds))
		}
	}
	sorted := func(drift map[string][]string) map[string][]string {
		for _, kinds := range drift {
			slices.Sort(kinds)
		}
		return drift
	}
	manifestFlags := append(w.flags(), w.manifest)
	for _, args := range [][]string{{w.id[:13], "--full"}, manifestFlags} {
		last, drift, code := w.verify(args...)
		if diff := cmp.Diff(all, sorted(drift)); diff != "" || code != 3 || last.Drifted != len(all) || last.State != "finished" {
			t.Errorf("%v: exit code %d, %+v (-made +found):\n%s", args, code, last, diff)
		}
	}

	// The ledger has no certificate, so that one of them is left while the manifest is not where it was.
	moved := w.manifest + ".moved"
	w.did(nil, os.Rename(w.manifest, moved))
	last, _, code := w.verify(w.id, "--fix")
	if code != 3 || last.Fixed == nil || last.Fixed.Left != len(left)+1 || last.Fixed.Mended != len(mendable)-1 {
		t.Fatalf("exit code %d: %+v %+v", code, last, last.Fixed)
	}
	w.did(nil, os.Rename(moved, w.manifest))
	last, _, code = w.verify(w.id, "--fix")
	if code != 3 || last.Fixed == nil || last.Fixed.Left != len(left) || last.Fixed.Mended != 1 {
		t.Fatalf("exit code %d: %+v %+v", code, last, last.Fixed)
	}
	want := map[string][]string{}
	for name, kinds := range left {
		want[name] = slices.Sorted(slices.Values(kinds))
	}
	if _, drift, _ := w.verify(w.id); cmp.Diff(want, sorted(drift)) != "" {
		t.Errorf("after --fix: %s", cmp.Diff(want, drift))
	}

	// Without what cannot be mended, --fix mends all and the exit code is 0.
	skip := filepath.Join(t.TempDir(), "skip.txt")
	names := []string{}
	for name := range left {
		names = append(names, name)
	}
	if err := os.WriteFile(skip, []byte(strings.Join(names, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	detach(&w.names[2])
	if last, drift, code := w.verify(w.id, "--fix", "--skip", skip); code != 0 || len(drift) != 1 || last.Fixed.Mended != 1 {
		t.Errorf("exit code %d: %+v, %v", code, last, drift)
	}
	if last, _, code := w.verify(w.id, "--fix", "--skip", skip); code != 0 || last.Fixed != nil || last.Devices != 12-len(left) {
		t.Errorf("exit code %d: %+v", code, last)
	}
}

// After a power cut between call and commit the ledger has a mark and no outcome.
func TestLedgerThatLostAStepIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	var imported ledger.Import
	var records []ledger.Record
	files, err := filepath.Glob(filepath.Join(homeOf(w.env), "state", "thingpress", "*.db"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	book, err := sqlite.OpenReadOnly(t.Context(), files[0])
	if err != nil {
		t.Fatal(err)
	}
	if imported, err = book.Import(t.Context(), w.id); err != nil {
		t.Fatal(err)
	}
	for r, err := range book.Records(t.Context(), w.id) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}

	path := filepath.Join(t.TempDir(), "lost.db")
	lost, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	imported.Counts = ledger.Counts{Entries: len(records)}
	journal, err := lost.Begin(t.Context(), imported)
	if err != nil {
		t.Fatal(err)
	}
	var marks []ledger.Mark
	for _, r := range records[2:] {
		marks = append(marks, ledger.Mark{Place: r.Place, CertificateID: r.CertificateID, ThingName: r.ThingName, At: time.Now()})
	}
	marks[1].ThingName, marks[1].CertificateID[0] = "never-made", marks[1].CertificateID[0]+1
	for _, err := range []error{journal.Mark(t.Context(), marks), journal.Record(t.Context(), records[:2]), lost.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	last, drift, code := w.verify(w.id, "--ledger", path)
	want := map[string][]string{records[2].ThingName: {"unrecorded"}}
	if diff := cmp.Diff(want, drift); diff != "" || code != 3 || last.Pending != 1 || last.Devices != 4 {
		t.Errorf("exit code %d: %+v\n%s", code, last, diff)
	}
}

func homeOf(env []string) string {
	for _, variable := range slices.Backward(env) {
		if home, ok := strings.CutPrefix(variable, "HOME="); ok {
			return home
		}
	}
	return ""
}

// A verification must not lose a device because calls fail, nor find drift that is not there.
func TestVerifyAndFixEndIfAFifthOfTheCallsFails(t *testing.T) {
	t.Parallel()
	w := start(t)
	to, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	between := &flaky{to: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}}
	server := httptest.NewServer(between)
	t.Cleanup(server.Close)
	w.url = server.URL
	w.imported(10)
	between.on.Store(true)
	if last, drift, code := w.verify(w.id); code != 0 || len(drift) != 0 || last.Devices != 10 {
		t.Errorf("exit code %d: %+v %v", code, last, drift)
	}
	for _, name := range w.names[:5] {
		w.did(w.hand.DetachThingPrincipal(t.Context(), &iot.DetachThingPrincipalInput{ThingName: &name, Principal: w.arn(name)}))
	}
	if last, drift, code := w.verify(w.id, "--fix"); code != 0 || len(drift) != 5 || last.Fixed.Mended != 5 {
		t.Errorf("exit code %d: %+v %v", code, last, drift)
	}
	if last, drift, code := w.verify(w.id); code != 0 || len(drift) != 0 {
		t.Errorf("exit code %d: %+v %v", code, last, drift)
	}
}

// Devices that never connected are what an operator looks for a week after a delivery.
func TestConnectedTellsWhichDevicesWereSeen(t *testing.T) {
	t.Parallel()
	s, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	w := &world{T: t, env: clitest.Environment(t), url: server.URL, ids: map[string]string{}, hand: clitest.Client(server.URL)}
	w.attachments()
	w.imported(6)
	if last, _, code := w.verify(w.id, "--connected"); code != 1 || last.Type != "error" {
		t.Errorf("without an index: exit code %d, %+v", code, last)
	}
	w.did(w.hand.UpdateIndexingConfiguration(t.Context(), &iot.UpdateIndexingConfigurationInput{
		ThingIndexingConfiguration: &types.ThingIndexingConfiguration{
			ThingIndexingMode:             types.ThingIndexingModeRegistry,
			ThingConnectivityIndexingMode: types.ThingConnectivityIndexingModeStatus,
		},
	}))
	for _, err := range []error{
		s.SetConnected(w.names[0], true, ""), s.SetConnected(w.names[1], true, ""), s.SetConnected(w.names[1], false, "CONNECTION_LOST"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	last, _, code := w.verify(w.id, "--connected")
	if c := last.Connections; code != 0 || c == nil || c.Seen != 2 || c.Connected != 1 || c.Never != 4 {
		t.Errorf("exit code %d: %+v %+v", code, last, c)
	}
	if last.Calls["GetThingConnectivityData"] != 4 || last.Calls["SearchIndex"] != 1 {
		t.Errorf("calls %v", last.Calls)
	}
}
