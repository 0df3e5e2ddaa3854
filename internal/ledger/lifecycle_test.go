package ledger_test

import (
	"testing"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/testkit/lifecycle"
)

func TestStatesChangeAsThePageOfLifecyclesSays(t *testing.T) {
	t.Parallel()
	states := []ledger.State{"", ledger.StateRunning, ledger.StateInterrupted, ledger.StateStopped, ledger.StateFinished}
	lifecycle.Compare(t, "An import", states, ledger.State.Next)
	lifecycle.Compare(t, "An entry", append([]ledger.Outcome{""}, ledger.Outcomes()...), ledger.Outcome.Next)
	lifecycle.Compare(t, "An entry of a later command", append([]ledger.Outcome{""}, ledger.LaterOutcomes()...), ledger.Outcome.NextLater)
}

func TestOutcomesThatStandHaveNoSuccessor(t *testing.T) {
	t.Parallel()
	for outcome, stands := range map[ledger.Outcome]bool{
		"": false, ledger.Imported: true, ledger.Unchanged: true, ledger.Skipped: true, ledger.Failed: false, ledger.Rejected: false,
	} {
		if outcome.Stands() != stands {
			t.Errorf("%q stands: %v", outcome, !stands)
		}
	}
}
