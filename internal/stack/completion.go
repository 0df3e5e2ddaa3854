package stack

import (
	"context"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// RequestCompletion asks for the completion of an import if no entry is pending.
func RequestCompletion(ctx context.Context, l Ledger, manifests Queue, importID string) error {
	counts, err := l.Counts(ctx, importID)
	if err != nil || counts.Pending() > 0 {
		return err
	}
	return manifests.Send(ctx, []Message{Task{Kind: TaskComplete, Import: importID}.Message(0)})
}

// CloseAgain closes the import of a stopped job. It must be called after an outcome
// was recorded, because opening the journal has marked the import as running.
func CloseAgain(ctx context.Context, l Ledger, job Job) error {
	journal, err := l.Resume(ctx, job.Import)
	if err != nil {
		return err
	}
	return journal.Close(ctx, ledger.End{State: ledger.StateStopped, Cause: job.Cause, At: time.Now()})
}
