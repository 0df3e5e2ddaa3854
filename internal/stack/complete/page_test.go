package complete_test

import (
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
)

// A page tells how the import ended, and what its owner can do about the rest.
func TestThePageTellsHowTheImportEnded(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 3, stack.PhaseSent, good, bad, lost)
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{">finished<", "1 of 3 entries", "AllowExpired=true"} {
		if !strings.Contains(w.store.objects[page], part) {
			t.Errorf("the page lacks %q", part)
		}
	}
}

// Nothing waits for the page, because the CLI can write it, too.
func TestAPageThatCannotBeWrittenHoldsNothingUp(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 3, stack.PhaseSent, good, bad, lost)
	writes := 0
	w.store.fault = func() error {
		if writes++; writes == 3 { // after those of the report
			return errBusy
		}
		return nil
	}
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	notices := w.notices.take()
	if len(notices) != 1 || strings.Contains(notices[0].Body, page) || w.store.objects[page] != "" || w.job(t, "i").Phase != stack.PhaseDone {
		t.Errorf("%d writes: %v", writes, notices)
	}
}
