package bring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

const (
	// groupRows and groupAfter are the size and age at which a group of outcomes is
	// recorded: the outcomes that fit one transaction of DynamoDB with their counter,
	// and the time in which the default quotas let ten devices through.
	groupRows  = 99
	groupAfter = time.Second
)

// startRecorder returns add, which records outcomes in groups, and end, which returns
// once all of them are durable or recording has failed. After a failure nothing more
// is written, and halt is called once with the error. The devices are then handed
// back, and recognized as ours when they are delivered again.
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

// writeOutcomes records a group of outcomes. It opens the journal if that is nil, and
// returns it.
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
			return journal, errors.New("outcome of an entry that is not in the batch: this is a bug in Thingpress")
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

// logOutcome logs a device that failed or was rejected.
func (g *group) logOutcome(ctx context.Context, r ledger.Record) {
	if r.Outcome != ledger.Failed && r.Outcome != ledger.Rejected {
		return
	}
	g.Log.WarnContext(ctx, string(r.Outcome), "import", g.importID, "entry", r.Entry, "device", r.ThingName,
		"reason", r.Reason, "detail", r.Detail)
}
