package engine_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
)

func TestFreshDeviceCostsThreeCallsPlusAttachmentsAndNoRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, nil).withSQLite()
	const n = 300
	summary, id, err := w.run(w.sources(espressifManifest(t, n, "fresh")), attempt{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (ledger.Counts{Entries: n, Imported: n}); summary.Counts != want {
		t.Errorf("counts %+v, want %+v", summary.Counts, want)
	}
	want := map[string]int{
		"RegisterCertificateWithoutCA": n, "CreateThing": n, "AttachThingPrincipal": n,
		"AttachPolicy": 2 * n, "UpdateThingGroupsForThing": n, // without quotas, the operation with fewer calls
		"ListThings": 1, // before the first call, which shows that the things are new
	}
	if diff := cmp.Diff(want, w.server.Calls()); diff != "" {
		t.Errorf("calls at the server: %s", diff)
	}
	if diff := cmp.Diff(want, summary.Calls); diff != "" {
		t.Errorf("calls in the summary: %s", diff)
	}
	records := w.records(id)
	if len(records) != n {
		t.Fatalf("%d records", len(records))
	}
	steps := []ledger.Step{
		{Operation: "RegisterCertificateWithoutCA", Created: true},
		{Operation: "CreateThing", Created: true},
		{Operation: "AttachThingPrincipal", Created: true},
		{Operation: "AttachPolicy", Resource: "connect", Created: true},
		{Operation: "AttachPolicy", Resource: "telemetry", Created: true},
		{Operation: "UpdateThingGroupsForThing", Resource: "line-1"},
		{Operation: "UpdateThingGroupsForThing", Resource: "reel-7"},
	}
	for _, r := range records {
		if diff := cmp.Diff(steps, r.Steps); diff != "" {
			t.Fatalf("steps of entry %d: %s", r.Entry, diff)
		}
		if !strings.HasSuffix(r.CertificateARN, ":cert/"+r.CertificateID.String()) {
			t.Fatalf("ARN %q of certificate %s", r.CertificateARN, r.CertificateID)
		}
	}
}

func TestSecondImportChangesNothing(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"one by one": 60, "in pages": 1200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{}, nil).withSQLite()
			sources := w.sources(longManifest(t, n))
			w.must(sources)
			changed := w.server.Created()
			before := w.server.Calls()
			summary := w.must(sources)
			if want := (ledger.Counts{Entries: n, Unchanged: n}); summary.Counts != want {
				t.Errorf("counts %+v, want %+v", summary.Counts, want)
			}
			if diff := cmp.Diff(changed, w.server.Created()); diff != "" {
				t.Errorf("it changed something: %s", diff)
			}
			after := w.server.Calls()
			total := 0
			for op, calls := range after {
				after[op] = calls - before[op]
				total += after[op]
			}
			maps.DeleteFunc(after, func(_ string, calls int) bool { return calls == 0 })
			t.Logf("calls: %v", after)
			if n > 1000 && total > 4*n {
				t.Errorf("%d calls for %d devices: the state was not read in pages", total, n)
			}
		})
	}
}

func TestEveryOutcomeIsRecordedAndAddsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, nil).withSQLite()
	content := espressifManifest(t, 20, "twice")
	only, err := engine.ReadFilter(strings.NewReader("# nothing\nno-such-device\n"))
	if err != nil {
		t.Fatal(err)
	}
	w.settings.Skip = only
	summary, id, err := w.run(w.sources(content, content), attempt{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (ledger.Counts{Entries: 40, Imported: 20, Skipped: 20}); summary.Counts != want {
		t.Errorf("counts %+v, want %+v", summary.Counts, want)
	}
	for _, r := range w.records(id)[20:] {
		if r.Reason != string(engine.ReasonRepeated) || !strings.Contains(r.Detail, "manifest-a.csv") {
			t.Fatalf("entry %+v does not name the earlier one", r)
		}
	}
}
