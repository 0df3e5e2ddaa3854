package bring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

const (
	// groupRows and groupAfter are the size and age at which a group of outcomes
	// is recorded: as many as one transaction of DynamoDB takes with their counter, and
	// so long that at the default quotas one transaction pays for ten devices.
	groupRows  = 99
	groupAfter = time.Second
)

// startRecorder returns a function that records outcomes in groups, as they
// come, and one that returns when what was added is durable or could not be made
// so. Halt is called once, with the error that recording ended with: after it
// nothing is written any more. The devices are handed back then, and found to be
// ours when they come again.
func (g *group) startRecorder(ctx context.Context, halt func(error)) (add func(ledger.Record), end func() error) {
	byEntry := map[int]*device{}
	for _, d := range g.devices {
		byEntry[d.message.Entry] = d
	}
	var journal ledger.Journal
	var failed error
	committer := ledger.NewCommitter(groupRows, groupAfter, func(rows []ledger.Record) {
		if failed != nil {
			return
		}
		if journal, failed = g.writeOutcomes(ctx, journal, byEntry, rows); failed != nil {
			halt(failed)
		}
	})
	return committer.Add, func() error {
		committer.Close()
		return failed
	}
}

// writeOutcomes makes a group of outcomes durable. The journal, nil at first, is
// opened when there is something to write.
func (g *group) writeOutcomes(
	ctx context.Context, journal ledger.Journal, byEntry map[int]*device, rows []ledger.Record,
) (ledger.Journal, error) {
	if journal == nil {
		var err error
		if journal, err = g.Ledger.Resume(ctx, g.importID); err != nil {
			return nil, fmt.Errorf("open the journal: %w", err)
		}
	}
	for _, row := range rows {
		if byEntry[row.Entry] == nil {
			return journal, errors.New("an outcome of an entry that is not in the batch, which is a bug in Thingpress")
		}
	}
	if err := journal.Record(ctx, rows); err != nil {
		return journal, fmt.Errorf("record outcomes: %w", err)
	}
	for _, row := range rows {
		d := byEntry[row.Entry]
		d.state, d.outcome = recorded, row.Outcome
		g.logOutcome(ctx, row)
	}
	return journal, nil
}

// logOutcome names every device that was not imported.
func (g *group) logOutcome(ctx context.Context, r ledger.Record) {
	if r.Outcome != ledger.Failed && r.Outcome != ledger.Rejected {
		return
	}
	g.Log.WarnContext(ctx, string(r.Outcome), "import", g.importID, "entry", r.Entry, "device", r.ThingName,
		"reason", r.Reason, "detail", r.Detail)
}
