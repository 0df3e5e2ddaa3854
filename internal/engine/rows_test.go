package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

// rowDecoder is a decoder whose entries ask for something.
type rowDecoder struct {
	espressif.Decoder
	ask func(entry int) *manifest.Settings
}

func (r rowDecoder) Decode(ctx context.Context, in manifest.Input, o manifest.Options) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		for d, err := range r.Decoder.Decode(ctx, in, o) {
			if err == nil {
				d.Settings = r.ask(d.Entry)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// asking returns a manifest of n devices whose entries ask for something.
func (w *world) asking(n int, ask func(entry int) *manifest.Settings) []*engine.Source {
	w.Helper()
	content := espressifManifest(w, n, "rows")
	in := manifest.Input{Name: "rows.csv", Reader: bytes.NewReader(content), Size: int64(len(content))}
	source, err := engine.OpenSource(w.Context(), in, rowDecoder{ask: ask})
	if err != nil {
		w.Fatal(err)
	}
	return []*engine.Source{source}
}

// has returns what the registry has of a device.
func (w *world) has(c *sdk.Client, r ledger.Record) []string {
	w.Helper()
	ctx := w.Context()
	thing, err := c.DescribeThing(ctx, &sdk.DescribeThingInput{ThingName: &r.ThingName})
	if err != nil {
		w.Fatal(err)
	}
	certificate, err := c.DescribeCertificate(ctx, &sdk.DescribeCertificateInput{CertificateId: aws.String(r.CertificateID.String())})
	if err != nil {
		w.Fatal(err)
	}
	policies, err := c.ListAttachedPolicies(ctx, &sdk.ListAttachedPoliciesInput{Target: &r.CertificateARN})
	if err != nil {
		w.Fatal(err)
	}
	groups, err := c.ListThingGroupsForThing(ctx, &sdk.ListThingGroupsForThingInput{ThingName: &r.ThingName})
	if err != nil {
		w.Fatal(err)
	}
	all := []string{
		"type " + aws.ToString(thing.ThingTypeName), "billing " + aws.ToString(thing.BillingGroupName),
		"status " + string(certificate.CertificateDescription.Status),
	}
	for _, p := range policies.Policies {
		all = append(all, "policy "+*p.PolicyName)
	}
	for _, g := range groups.ThingGroups {
		all = append(all, "group "+*g.GroupName)
	}
	for _, name := range slices.Sorted(maps.Keys(thing.Attributes)) {
		if name != "mac" {
			all = append(all, name+"="+thing.Attributes[name])
		}
	}
	slices.Sort(all)
	return all
}

func (w *world) ensure(policies []string, kind string, groups []string, billing string) {
	w.Helper()
	if _, err := w.server.Ensure(policies, kind, groups, billing); err != nil {
		w.Fatal(err)
	}
}

// A device that got the policies of the whole reel instead of those of its line could do what it must not.
func TestDeviceGetsWhatItsEntryAsksFor(t *testing.T) {
	t.Parallel()
	everything := &manifest.Settings{
		Policies: []string{"extra", "connect"}, ThingGroups: []string{"line-8"}, ThingType: "lamp", BillingGroup: "acme",
		Status: "inactive", Attributes: map[string]string{"site": "b"},
	}
	ask := map[int]*manifest.Settings{
		1: everything,
		2: {Attributes: map[string]string{"site": "b"}},
		3: {},
		4: {Policies: many("p", 9)},
		5: {ThingGroups: many("g", 11)},
		6: {Status: "REVOKED"},
		7: {Attributes: map[string]string{"site": "a b"}},
		8: {Attributes: map[string]string{"site": "{cn}"}},
		9: {Policies: []string{"no/slash"}},
	}
	plain := []string{"group line-1", "group reel-7", "policy connect", "policy telemetry"}
	rest := []string{"status ACTIVE", "type sensor", "billing "}
	lamp := []string{"status INACTIVE", "type lamp", "billing acme", "site=b"}
	for _, test := range []struct {
		rows device.Rows
		want [3][]string
		left int
	}{
		{device.RowsAdd, [3][]string{
			slices.Concat(plain, rest), slices.Concat(plain, lamp, []string{"policy extra", "group line-8"}),
			slices.Concat(plain, rest, []string{"site=b"}),
		}, 4},
		{device.RowsReplace, [3][]string{
			slices.Concat(plain, rest), slices.Concat(lamp, []string{"policy connect", "policy extra", "group line-8"}),
			slices.Concat(plain, rest, []string{"site=b"}),
		}, 5}, // nine policies are within the limit of a certificate
		{device.RowsIgnore, [3][]string{slices.Concat(plain, rest), slices.Concat(plain, rest), slices.Concat(plain, rest)}, 10},
	} {
		t.Run(string(test.rows), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{}, sandbox.Transport).withSQLite()
			w.settings.Rows = test.rows
			w.ensure(append(many("p", 9), "extra"), "lamp", append(many("g", 9), "line-8"), "acme")
			sources := w.asking(10, func(entry int) *manifest.Settings { return ask[entry] })
			summary, id, err := w.run(sources, attempt{})
			if err != nil || summary.Counts.Imported != test.left || summary.Counts.Rejected != 10-test.left {
				t.Fatalf("%+v, %v", summary.Counts, err)
			}
			c := w.other()
			records := w.records(id)
			for i, want := range test.want {
				slices.Sort(want)
				if diff := cmp.Diff(want, w.has(c, records[i])); diff != "" {
					t.Errorf("entry %d (-want +has):\n%s", i, diff)
				}
			}
			for _, r := range records {
				if r.Outcome == ledger.Rejected && r.Reason != string(manifest.ReasonBadSettings) {
					t.Errorf("entry %d: %s: %s", r.Entry, r.Reason, r.Detail)
				}
			}
		})
	}
}

func many(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = prefix + fmt.Sprint(i)
	}
	return names
}

// byLine asks for one of three lines, or for nothing.
func byLine(entry int) *manifest.Settings {
	if entry%4 == 0 {
		return nil
	}
	line := fmt.Sprint(entry % 4)
	return &manifest.Settings{
		Policies: []string{"policy-" + line}, ThingGroups: []string{"group-" + line},
		Attributes: map[string]string{"line": line + "-" + fmt.Sprint(entry)},
	}
}

// Lists are read once for all devices, although devices want different things: a device that lacks its own
// policy must not be taken for complete, and one that has another line's not for one without drift.
func TestManyExistingDevicesOfSeveralLinesAreToldApart(t *testing.T) {
	t.Parallel()
	const n = 700
	w := newWorld(t, sandbox.Options{}, sandbox.Transport).withSQLite()
	w.ensure([]string{"policy-1", "policy-2", "policy-3"}, "", []string{"group-1", "group-2", "group-3"}, "")
	_, first, err := w.run(w.asking(n, byLine), attempt{})
	if err != nil {
		t.Fatal(err)
	}
	if again := w.must(w.asking(n, byLine)); again.Counts.Unchanged != n || again.Calls[string(iot.ListThings)] == 0 {
		t.Fatalf("the second import: %+v, %v", again.Counts, again.Calls)
	}
	c, records := w.other(), w.records(first)
	ctx := t.Context()
	w.did(c.DetachPolicy(ctx, &sdk.DetachPolicyInput{PolicyName: aws.String("policy-2"), Target: &records[602].CertificateARN}))
	w.did(c.RemoveThingFromThingGroup(ctx, &sdk.RemoveThingFromThingGroupInput{
		ThingName: &records[603].ThingName, ThingGroupName: aws.String("group-3"),
	}))
	w.did(c.AttachPolicy(ctx, &sdk.AttachPolicyInput{PolicyName: aws.String("policy-3"), Target: &records[605].CertificateARN}))
	want := map[string][]string{
		records[602].ThingName: {"policy-missing"}, records[603].ThingName: {"group-missing"}, records[605].ThingName: {"policy-extra"},
	}
	if diff := cmp.Diff(want, w.driftOf(w.fleetOf(w.asking(n, byLine)))); diff != "" {
		t.Errorf("drift (-want +found):\n%s", diff)
	}
	if diff := cmp.Diff(want, w.driftOf(w.recorded(first))); diff != "" {
		t.Errorf("drift of the import in the ledger (-want +found):\n%s", diff)
	}
	if third := w.must(w.asking(n, byLine)); third.Counts.Imported != 2 || third.Counts.Unchanged != n-2 {
		t.Errorf("the third import: %+v", third.Counts)
	}
}

func (w *world) fleetOf(sources []*engine.Source) *engine.Fleet {
	w.Helper()
	scan, err := engine.Scan(w.Context(), sources, w.settings, nil)
	if err != nil {
		w.Fatal(err)
	}
	return engine.FleetOfScan(sources, scan, w.settings)
}

// recorded returns the devices of an import as the ledger has them.
func (w *world) recorded(id string) *engine.Fleet {
	w.Helper()
	i, err := w.ledger.Import(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	asked := map[ledger.Place]*manifest.Settings{}
	for a, err := range w.ledger.(ledger.SettingsReader).Settings(w.Context(), id) {
		if err != nil {
			w.Fatal(err)
		}
		if asked[a.Place], err = engine.ParseRow(a.Settings); err != nil {
			w.Fatal(err)
		}
	}
	fleet, err := engine.FleetOfSubjects(w.Context(), engine.Subjects{
		Manifests: i.Manifests, Identity: func(string) string { return manifest.AttributeMAC },
		All: func(ctx context.Context) iter.Seq2[*engine.Subject, error] {
			return func(yield func(*engine.Subject, error) bool) {
				for r, err := range w.ledger.Records(ctx, id) {
					if !yield(&engine.Subject{Place: r.Place, Import: id, Record: r, Settings: asked[r.Place]}, err) {
						return
					}
				}
			}
		},
	}, w.settings)
	if err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff([]string{"line"}, fleet.Uncheckable); diff != "" {
		w.Errorf("attributes that the ledger cannot compare:\n%s", diff)
	}
	return fleet
}

// driftOf returns the reasons of drift by thing name.
func (w *world) driftOf(fleet *engine.Fleet) map[string][]string {
	w.Helper()
	found := map[string][]string{}
	_, err := engine.Verify(w.Context(), engine.Config{Target: w.target, AWS: w.aws, Limiters: w.limiters}, engine.Verifying{
		Fleet: fleet, Survey: w.client,
		Found: func(f engine.Finding) {
			for _, d := range f.Drift {
				found[f.ThingName] = append(found[f.ThingName], strings.TrimPrefix(string(d.Reason), "drift-"))
			}
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	return found
}

// An importer of a stack gets what an entry asks for with the device, and its attributes filled.
func TestDeviceOfABatchGetsWhatItsEntryAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ensure([]string{"extra"}, "lamp", []string{"line-8"}, "")
	items := w.items(espressifManifest(t, 2, "batch of rows"))
	items[0].Device.Settings = &manifest.Settings{
		Policies: []string{"extra"}, ThingGroups: []string{"line-8"}, ThingType: "lamp", Status: "INACTIVE",
	}
	items[0].Attributes = map[string]string{"site": "b"}
	records, _, err := w.batch(t.Context(), items, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := []string{"billing ", "group line-1", "group reel-7", "policy connect", "policy telemetry"}
	want := slices.Concat(plain, []string{"group line-8", "policy extra", "site=b", "status INACTIVE", "type lamp"})
	slices.Sort(want)
	if diff := cmp.Diff(want, w.has(w.other(), records[0])); diff != "" {
		t.Errorf("(-want +has):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Concat(plain, []string{"status ACTIVE", "type sensor"}), w.has(w.other(), records[1])); diff != "" {
		t.Errorf("the other device (-want +has):\n%s", diff)
	}
}

// What a plan promises must be what the import makes, and its duration must follow from what devices really get.
func TestCallsAreThoseOfTheMeanDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport).withSQLite()
	w.ensure([]string{"policy-1", "policy-2", "policy-3"}, "", []string{"group-1", "group-2", "group-3"}, "")
	sources := w.asking(8, byLine)
	scan, err := engine.Scan(t.Context(), sources, w.settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	calls := scan.FreshCalls(quota.Set{})
	if calls[iot.AttachPolicy] != 2.75 || calls[iot.RegisterCertificateWithoutCA] != 1 {
		t.Errorf("calls of one device: %v", calls)
	}
	made := w.must(sources).Calls
	for op, n := range calls.Times(8) {
		if made[string(op)] != int(n) {
			t.Errorf("%s: %d calls, %g expected", op, made[string(op)], n)
		}
	}
}

// A check that calls AWS for each of a million entries, or a table without end, would never come to an end.
func TestCombinationsAreCheckedOnceAndLimited(t *testing.T) {
	t.Parallel()
	checked := 0
	settings := engine.Settings{CheckVariant: func(a device.Attachments) error {
		if checked++; slices.Contains(a.ThingGroups, "refused") {
			return manifest.Errorf(manifest.ReasonBadSettings, "refused")
		}
		return nil
	}}
	judge := engine.NewJudge(settings)
	judge.Begin("m")
	next := func(number int, group string) engine.Verdict {
		d := &manifest.Device{
			ThingName: fmt.Sprint(number), CertificateID: manifest.CertificateIDOf([]byte(fmt.Sprint(number))),
			Settings: &manifest.Settings{ThingGroups: []string{group}},
		}
		return judge.Next(d, nil)
	}
	for i := range 3 {
		if v := next(i, "refused"); v.Outcome != ledger.Rejected || v.Reason != manifest.ReasonBadSettings {
			t.Errorf("%+v", v)
		}
	}
	for i := range engine.MaxVariants - 1 {
		if v := next(10+i, "g"+fmt.Sprint(i)); v.Outcome != "" {
			t.Fatalf("%+v", v)
		}
	}
	if v := next(engine.MaxVariants+20, "one-more"); v.Outcome != ledger.Rejected {
		t.Errorf("%+v", v)
	}
	if v := next(engine.MaxVariants+21, "g7"); v.Outcome != "" {
		t.Errorf("a known combination after the limit: %+v", v)
	}
	if checked != engine.MaxVariants {
		t.Errorf("%d checks of %d combinations", checked, engine.MaxVariants)
	}
}
