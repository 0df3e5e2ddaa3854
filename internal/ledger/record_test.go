package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
)

func TestMergeStepsForgetsNothingThatWasCreated(t *testing.T) {
	t.Parallel()
	earlier := []ledger.Step{
		{Operation: "RegisterCertificateWithoutCA", Created: true},
		{Operation: "CreateThing"},
		{Operation: "AttachPolicy", Resource: "a", Created: true},
	}
	later := []ledger.Step{
		{Operation: "RegisterCertificateWithoutCA"},
		{Operation: "AttachPolicy", Resource: "b", Created: true},
		{Operation: "CreateThing", Created: true},
	}
	want := []ledger.Step{
		{Operation: "RegisterCertificateWithoutCA", Created: true},
		{Operation: "CreateThing", Created: true},
		{Operation: "AttachPolicy", Resource: "a", Created: true},
		{Operation: "AttachPolicy", Resource: "b", Created: true},
	}
	if diff := cmp.Diff(want, ledger.MergeSteps(earlier, later)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, ledger.MergeSteps(want, want)); diff != "" {
		t.Errorf("merging with itself: %s", diff)
	}
}

func TestResumableOnlyWhereSomethingIsLeftToDo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		give ledger.Import
		want bool
	}{
		{"killed", ledger.Import{State: ledger.StateRunning}, true},
		{"interrupted", ledger.Import{State: ledger.StateInterrupted}, true},
		{"stopped", ledger.Import{State: ledger.StateStopped}, true},
		{"all done", ledger.Import{State: ledger.StateFinished, Counts: ledger.Counts{Entries: 1, Imported: 1}}, false},
		{"one failed", ledger.Import{State: ledger.StateFinished, Counts: ledger.Counts{Entries: 1, Failed: 1}}, true},
		{"one rejected", ledger.Import{State: ledger.StateFinished, Counts: ledger.Counts{Entries: 1, Rejected: 1}}, true},
	} {
		if got := test.give.Resumable(); got != test.want {
			t.Errorf("%s: Resumable() = %v, want %v", test.name, got, test.want)
		}
	}
}
