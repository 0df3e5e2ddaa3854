package keep

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// allowed is what entries may ask for.
var allowed = stack.Allowed{Policies: []string{"line-7"}, ThingGroups: []string{"hall"}, ThingTypes: []string{"lamp"}}

// byEntry asks for nothing, for more than the import says, and for something else.
func byEntry(entry int) *manifest.Settings {
	return []*manifest.Settings{
		nil, {Policies: []string{"line-7"}, ThingGroups: []string{"hall"}}, {ThingType: "lamp", Status: "INACTIVE"},
	}[entry%3]
}

func wantsWhatWasAsked(t *testing.T, w *world) {
	const n = 45
	if _, err := w.server.Ensure([]string{"line-7"}, "lamp", []string{"hall"}, ""); err != nil {
		t.Fatal(err)
	}
	id := w.importedAsking(t, "asking", n, allowed, byEntry)
	verify := stack.Command{Verb: stack.VerbVerify, Of: []string{id}, Full: true}
	if found := w.drifts(t, w.drive(t, w.give(t, verify), time.Minute, 0)); len(found) > 0 {
		t.Fatalf("there is drift before anybody changed anything: %v", found)
	}
	var things, certificates []string // of one device of each kind, beyond the first stretch
	for r, err := range w.ledger.Records(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Entry >= n-3 {
			things, certificates = append(things, r.ThingName), append(certificates, r.CertificateARN)
		}
	}
	aws := w.client.AWS()
	for _, do := range []func() error{
		func() error { return aws.Policies.AttachPolicy(t.Context(), "line-7", certificates[0]) },
		func() error { return aws.Removals.DetachPolicy(t.Context(), "line-7", certificates[1]) },
		func() error { return aws.Removals.RemoveThingFromThingGroup(t.Context(), "hall", things[1]) },
		func() error {
			_, id, _ := strings.Cut(certificates[2], ":cert/")
			return aws.Certificates.UpdateCertificate(t.Context(), id, iot.StatusActive)
		},
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{
		things[0]: "drift-policy-extra ", things[1]: "drift-policy-missing drift-group-missing ", things[2]: "drift-status ",
	}
	fix := verify
	fix.Fix = true
	if diff := cmp.Diff(want, w.drifts(t, w.drive(t, w.give(t, fix), 4*time.Second, 2))); diff != "" {
		t.Errorf("-want +got: %s", diff)
	}
	delete(want, things[1])
	if diff := cmp.Diff(want, w.drifts(t, w.drive(t, w.give(t, verify), time.Minute, 0))); diff != "" {
		t.Errorf("what is missing is mended, -want +got: %s", diff)
	}
}

// An import that began before an update of the stack has none of what its entries asked for.
func refusesUnkept(t *testing.T, w *world) {
	id := w.importedAsking(t, "unkept", 5, allowed, func(int) *manifest.Settings { return nil })
	i, err := w.ledger.Import(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	i.Settings = strings.Replace(i.Settings, `,"asked":true`, "", 1)
	if err := w.ledger.Restart(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	job := w.drive(t, w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}}), time.Minute, 0)
	if !strings.Contains(job.Cause, "settings of their own") || !strings.Contains(job.Cause, "verify the manifest instead") {
		t.Errorf("cause %q", job.Cause)
	}
}
