package stack

import (
	"context"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// RequestCompletion asks for the completion of an import if no entry is pending, or if it
// was cancelled and its report lacks an outcome that was recorded since.
func RequestCompletion(ctx context.Context, l Ledger, manifests Queue, job Job) error {
	if !job.Stopped() || !job.Cancelled() {
		counts, err := l.Counts(ctx, job.Import)
		if err != nil || counts.Pending() > 0 {
			return err
		}
	}
	return manifests.Send(ctx, []Message{Task{Kind: TaskComplete, Import: job.Import}.Message(0)})
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
