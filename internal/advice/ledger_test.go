package advice_test

import (
	"fmt"
	"testing"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
)

func TestEveryLedgerThatCannotBeUsedHasAWayOut(t *testing.T) {
	t.Parallel()
	failures := []error{&ledger.HeldError{Path: "l.db", Holder: "another process"}}
	for _, reason := range []ledger.FileReason{
		ledger.FileForeign, ledger.FileTooNew, ledger.FileDamaged, ledger.DiskFull, ledger.NoFile,
		ledger.FileLinked, ledger.FileRemote,
	} {
		failures = append(failures, &ledger.FileError{Path: "l.db", Reason: reason})
	}
	for _, failure := range failures {
		wrapped := fmt.Errorf("import: %w", failure)
		if got := advice.Of(wrapped, advice.CLI); got.Meaning == "" || got.Todo == "" {
			t.Errorf("%v: advice %+v", failure, got)
		}
		if got := advice.Of(wrapped, advice.Stack); got != (advice.Advice{}) {
			t.Errorf("%v: a stack, which has no file, has the advice %+v", failure, got)
		}
	}
}
