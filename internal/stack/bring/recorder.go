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

// A recorder records outcomes in groups, as they come.
type recorder struct {
	ctx   context.Context //nolint:containedctx // of the batch: recording goes on when calls have ended
	group *group
	// halt is called once, with the error that recording ended with.
	halt func(error)

	in      chan ledger.Record
	done    chan struct{}
	journal ledger.Journal
	byEntry map[int]*device
	err     error
}

func newRecorder(ctx context.Context, g *group, halt func(error)) *recorder {
	r := &recorder{
		ctx: ctx, group: g, halt: halt,
		in: make(chan ledger.Record, groupRows), done: make(chan struct{}), byEntry: map[int]*device{},
	}
	for _, d := range g.devices {
		r.byEntry[d.message.Entry] = d
	}
	go r.keep()
	return r
}

// add takes an outcome. It waits while the ledger is behind.
func (r *recorder) add(record ledger.Record) { r.in <- record }

// close returns when what was added is durable, or could not be made so.
func (r *recorder) close() error {
	close(r.in)
	<-r.done
	return r.err
}

func (r *recorder) keep() {
	defer close(r.done)
	timer := time.NewTimer(groupAfter)
	timer.Stop()
	defer timer.Stop()
	var rows []ledger.Record
	for open := true; open; {
		var record ledger.Record
		select {
		case record, open = <-r.in:
			if !open {
				break
			}
			if rows = append(rows, record); len(rows) == 1 {
				timer.Reset(groupAfter)
			}
			if len(rows) < groupRows {
				continue
			}
		case <-timer.C:
		}
		r.flush(rows)
		rows = rows[:0]
	}
}

// flush makes a group durable. After an error nothing is written any more: the
// devices are handed back, and found to be ours when they come again.
func (r *recorder) flush(rows []ledger.Record) {
	if len(rows) == 0 || r.err != nil {
		return
	}
	if r.err = r.write(rows); r.err != nil {
		r.halt(r.err)
		return
	}
	for _, row := range rows {
		d := r.byEntry[row.Entry]
		d.state, d.outcome = recorded, row.Outcome
		r.group.logOutcome(r.ctx, row)
	}
}

func (r *recorder) write(rows []ledger.Record) error {
	if r.journal == nil {
		journal, err := r.group.Ledger.Resume(r.ctx, r.group.importID)
		if err != nil {
			return fmt.Errorf("open the journal: %w", err)
		}
		r.journal = journal
	}
	for _, row := range rows {
		if r.byEntry[row.Entry] == nil {
			return errors.New("an outcome of an entry that is not in the batch, which is a bug in Thingpress")
		}
	}
	if err := r.journal.Record(r.ctx, rows); err != nil {
		return fmt.Errorf("record outcomes: %w", err)
	}
	return nil
}

// logOutcome names every device that was not imported.
func (g *group) logOutcome(ctx context.Context, r ledger.Record) {
	if r.Outcome != ledger.Failed && r.Outcome != ledger.Rejected {
		return
	}
	g.Log.WarnContext(ctx, string(r.Outcome), "import", g.importID, "entry", r.Entry, "device", r.ThingName,
		"reason", r.Reason, "detail", r.Detail)
}
