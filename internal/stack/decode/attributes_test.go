package decode

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
)

// Names and attributes are filled by the decoder: an importer knows neither the MAC
// nor the stack's parameters.
func TestAttributesTravelFilled(t *testing.T) {
	t.Parallel()
	w, m := newWorld(), generated(t, "espressif", 3, 0)
	w.parameters["IoTThingAttributes"] = "mac={mac},line=7"
	if err := (&process{world: w}).handler(config()).handleMessage(t.Context(), m.put(w)); err != nil {
		t.Fatal(err)
	}
	if len(w.devices) != 3 {
		t.Fatalf("%d devices", len(w.devices))
	}
	for _, d := range w.devices {
		if diff := cmp.Diff(map[string]string{"mac": d.ID, "line": "7"}, d.Attributes); diff != "" {
			t.Errorf("entry %d: %s", d.Entry, diff)
		}
	}
}

// Entries without an attribute are rejected in both passes.
func TestAttributeThatCannotBeFilledRejectsItsEntry(t *testing.T) {
	t.Parallel()
	w, m := newWorld(), generated(t, "espressif", 3, 0)
	w.parameters["IoTThingAttributes"] = "chip={chip_id}"
	if err := (&process{world: w}).handler(config()).handleMessage(t.Context(), m.put(w)); err != nil {
		t.Fatal(err)
	}
	if len(w.devices) != 0 || len(w.jobs) != 1 {
		t.Errorf("%d devices, %d jobs", len(w.devices), len(w.jobs))
	}
	for id, job := range w.jobs {
		if diff := cmp.Diff(map[manifest.Reason]int{manifest.ReasonBadAttribute: 3}, w.reasons(id)); diff != "" {
			t.Errorf("phase %s, cause %q: %s", job.Phase, job.Cause, diff)
		}
	}
}
