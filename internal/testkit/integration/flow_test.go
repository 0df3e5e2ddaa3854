package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// TestFlow imports a manifest that takes several times as long as the devices queue keeps
// a message, while a reel is uploaded and the queue is purged. Without a bound on
// what is in flight, the end of the manifest is lost, and the reel waits for it.
func TestFlow(t *testing.T) {
	const inFlight, retention = 200, 12 * time.Second
	n := 3000 // at the 100 devices/s of the sandbox's quotas, which no machine exceeds, more than twice the retention
	if require.Race {
		n = 600
	}
	w := newWorld(t, sandbox.Faults{})
	l := newLine(t, w, lineOptions{
		name: "flow", visibility: 2 * importerTimeout, batch: 25, retention: retention,
		env: []string{fmt.Sprintf("THINGPRESS_IN_FLIGHT=%d", inFlight)},
	})
	manifest, want := generated(t, "espressif", "flow", n, 0.02)
	reel, wantReel := generated(t, "generated", "reel", 30, 0)
	l.start(t)
	begin := time.Now()
	large := l.upload(t, l.buckets["espressif"], "large.csv", manifest, l.manifests)
	l.reach(t, large, n/10)

	before := l.counts(t, large)
	small := l.upload(t, l.buckets["generated"], "reel.txt", reel, l.manifests)
	l.reach(t, small, len(wantReel))
	// What is in the queue is imported before it, and what the decoder adds while it reads
	// the reel, which may be long on a busy machine.
	passed := settled(l.counts(t, large)) - settled(before)
	t.Logf("%d of %d devices of the other manifest were imported before the %d of the reel", passed, n, len(wantReel))
	if left := l.counts(t, large).Pending(); passed > n/2 && !require.Race || left == 0 {
		t.Errorf("the reel waited for %d devices; %d are left", passed, left)
	}

	l.purge(t, large)
	l.healed(t, large)
	l.rest(t, []stacktest.Object{large, small})
	took := time.Since(begin)
	t.Logf("%d devices took %v; a message is kept for %v; after the purge %d were too old", n, took.Round(time.Second), retention,
		l.importing.Aged())
	if took < 2*retention && !require.Race {
		t.Errorf("the import takes %v, which is no longer than a message is kept", took)
	}
	state := w.iot.State()
	l.finished(t, large, state, want)
	l.finished(t, small, state, wantReel)
}

func settled(c ledger.Counts) int { return c.Entries - c.Pending() }

// counts returns the counts of an upload's import; none before it has begun.
func (l *line) counts(t *testing.T, o stacktest.Object) ledger.Counts {
	t.Helper()
	jobs, err := l.jobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i, err := l.ledger.Import(t.Context(), jobs[o.Bucket+"/"+o.Key+"@"+o.Version].Import)
	if err != nil {
		return ledger.Counts{}
	}
	return i.Counts
}

// reach waits until so many entries have an outcome.
func (l *line) reach(t *testing.T, o stacktest.Object, entries int) {
	t.Helper()
	l.until(t, func() (string, error) {
		if c := l.counts(t, o); c.Entries == 0 || settled(c) < entries {
			return fmt.Sprintf("%s: %+v", o.Key, c), nil
		}
		return "", nil
	})
}

// purge purges the devices queue when it holds devices of the import. A fast importer
// may have received all that were sent, so none runs meanwhile.
func (l *line) purge(t *testing.T, o stacktest.Object) {
	t.Helper()
	l.importing.Stop()
	l.until(t, func() (string, error) {
		visible, _, _, err := l.devices.Depths(t.Context())
		if err == nil && visible == 0 {
			return fmt.Sprintf("no device is in the queue: %+v", l.counts(t, o)), nil
		}
		return "", err
	})
	if _, err := l.sqs.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &l.devices.URL}); err != nil {
		t.Fatal(err)
	}
	l.importing = l.source(t, l.devices, l.importer, stacktest.SourceOptions{BatchSize: l.batch, Window: time.Second, Retention: l.retention})
}

// healed waits until the sweep has ordered that the devices of a purged queue be sent
// again, or the import has ended. The sweep waits for minutes before it believes that
// nothing moves; this makes it believe so when it has seen that twice.
func (l *line) healed(t *testing.T, o stacktest.Object) {
	t.Helper()
	var last stack.Observed
	l.until(t, func() (string, error) {
		job, i := l.job(t, o)
		if !job.Observed.Resent.IsZero() {
			return "", nil
		}
		if i.Counts.Pending() == 0 {
			t.Error("the purged queue had no device of the import")
			return "", nil
		}
		seen := job.Observed
		stands := !seen.At.IsZero() && seen.At.After(last.At) && seen.Settled == last.Settled && seen.Place == last.Place
		last = seen
		if stands {
			seen.Moved = seen.Moved.Add(-5 * time.Minute)
			if err := l.ledger.Observe(t.Context(), job.Import, seen); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("nothing is sent again: %+v, %+v", job.Observed, i.Counts), nil
	})
}
