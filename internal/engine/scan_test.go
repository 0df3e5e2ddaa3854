package engine_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/manifest"
)

// denied refuses calls that read policies.
type denied struct{ iot.Checks }

func (denied) GetPolicy(context.Context, string) (iot.Policy, error) {
	return iot.Policy{}, &iot.APIError{Operation: "GetPolicy", Code: "AccessDeniedException", Class: iot.ClassImport}
}

func TestDuplicatesAreSkippedAndContradictionsRejected(t *testing.T) {
	t.Parallel()
	content := espressifManifest(t, 3, "duplicates")
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	devices := w.devices(content)
	// The same certificates under names that are not made from the CN.
	same := bytes.ReplaceAll(content, []byte(devices[0].ID), []byte("AABBCCDDEEFF"))
	w.settings.Decode.ThingName = template("{id}")
	w.settings.Attachments.Attributes = nil
	scan, err := engine.Scan(t.Context(), w.sources(content, same), w.settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	if scan.Entries != 6 || scan.Devices != 3 || scan.Skipped != 2 || scan.Reasons[manifest.ReasonContradiction] != 1 {
		t.Errorf("%d entries, %d devices, %d rejected %v, %d skipped", scan.Entries, scan.Devices, scan.Rejected, scan.Reasons, scan.Skipped)
	}
	summary, id, err := w.run(w.sources(content, same), attempt{})
	if err != nil || summary.Counts.Imported != 3 || summary.Counts.Rejected != scan.Rejected || summary.Counts.Skipped != scan.Skipped {
		t.Fatalf("%v: %+v", err, summary.Counts)
	}
	for _, r := range w.records(id) {
		if r.Outcome != ledger.Imported && (r.Reason == "" || r.Detail == "") {
			t.Errorf("no reason why entry %d of manifest %d is %s", r.Entry, r.Manifest, r.Outcome)
		}
	}
}

func TestAttributeValuesAreCheckedBeforeAnyCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.settings.Attachments.Attributes = []device.Attribute{{Name: "a", Value: template("has space {mac}")}}
	scan, err := engine.Scan(t.Context(), w.sources(espressifManifest(t, 4, "attributes")), w.settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[manifest.Reason]int{manifest.ReasonBadAttribute: 4}, scan.Reasons); diff != "" {
		t.Error(diff)
	}
}

func TestFiltersLeaveOutAndTellWhatTheyDidNotFind(t *testing.T) {
	t.Parallel()
	content := espressifManifest(t, 5, "filters")
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	devices := w.devices(content)
	w.settings.Only = w.only(devices[0].ThingName + "\n" + devices[1].CertificateID.String() + "\n" + devices[2].ID + "\nnobody\n")
	w.settings.Skip = w.only(devices[1].ThingName)
	scan, err := engine.Scan(t.Context(), w.sources(content), w.settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	if scan.Devices != 2 || scan.Filtered != 3 || scan.Skipped != 3 {
		t.Errorf("%d devices, %d filtered", scan.Devices, scan.Filtered)
	}
	if diff := cmp.Diff([]string{"nobody"}, scan.UnmatchedOnly); diff != "" {
		t.Error(diff)
	}
}

func TestBreakEndsTheScanUnlessPartial(t *testing.T) {
	t.Parallel()
	content := espressifManifest(t, 5, "break")
	content = content[:len(content)-400]
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	scan, err := engine.Scan(t.Context(), w.sources(content), w.settings, nil)
	var broken *engine.BreakError
	if !errors.As(err, &broken) || scan.Devices != 4 {
		t.Fatalf("%v, %d devices", err, scan.Devices)
	}
	w.settings.Partial = true
	summary, id, err := w.run(w.sources(content), attempt{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (ledger.Counts{Entries: 5, Imported: 4, Rejected: 1}); summary.Counts != want {
		t.Errorf("%+v, want %+v", summary.Counts, want)
	}
	if r := w.records(id)[4]; r.Reason != string(manifest.ReasonTruncated) {
		t.Errorf("the break is recorded as %+v", r)
	}
}

func TestContentThatChangesBetweenThePassesStopsTheImport(t *testing.T) {
	t.Parallel()
	content := longManifest(t, 4000) // several blocks
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	sources := w.sources(content)
	summary, _, err := w.run(sources, attempt{change: func(*engine.Config, *engine.Import) {
		at := bytes.Index(content[3<<20:], []byte("MII")) + 3<<20
		content[at+40] ^= 1
	}})
	var stop *call.StopError
	if !errors.As(err, &stop) || manifest.ReasonOf(err) != manifest.ReasonChanged {
		t.Fatalf("%v, want a stop for changed content", err)
	}
	if summary.Pending == 0 || summary.Counts.Rejected > 0 {
		t.Errorf("%+v, %d pending", summary.Counts, summary.Pending)
	}
}

func TestKeyChangesWithWhatIsDoneAndNotWithNames(t *testing.T) {
	t.Parallel()
	target := ledger.Target{Account: "1"}
	manifests := []ledger.Manifest{{Name: "a", SHA256: "x", Vendor: "espressif"}}
	base, err := engine.Key(target, manifests, engine.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	renamed, _ := engine.Key(target, []ledger.Manifest{{Name: "b", SHA256: "x", Vendor: "espressif"}},
		engine.Settings{Status: iot.StatusActive})
	if renamed != base {
		t.Error("a renamed manifest is another import")
	}
	only, _ := engine.ReadFilter(strings.NewReader("x"))
	for name, s := range map[string]engine.Settings{
		"policy": {Attachments: device.Attachments{Policies: []string{"p"}}}, "status": {Status: iot.StatusInactive},
		"adopt": {Adopt: true}, "exclusive": {Exclusive: true}, "partial": {Partial: true}, "only": {Only: only}, "skip": {Skip: only},
		"name": {Decode: manifest.Options{ThingName: template("{id}")}}, "cn": {Decode: manifest.Options{ThingName: template("{cn}")}},
		"expired": {Decode: manifest.Options{AllowExpired: true}},
		"ca":      {Decode: manifest.Options{AllowCA: true}},
		"bundle":  {Decode: manifest.Options{Bundle: "E0E2"}}, "slot": {Decode: manifest.Options{Slot: "1"}},
		"limits": {Decode: manifest.Options{Limits: manifest.Limits{Entries: 1}}},
	} {
		if key, err := engine.Key(target, manifests, s); err != nil || key == base {
			t.Errorf("%s is not part of the key (%v)", name, err)
		}
	}
}
