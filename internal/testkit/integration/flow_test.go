package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// TestFlow imports a manifest that takes longer than the devices queue keeps a message, while a reel is uploaded and
// the queue is purged. Without a bound on what is in flight, the end of the manifest is lost, and the reel waits for
// it. Time is scaled to deliveries, as if each device took as long as the next: a busy machine ages no message. Sources
// are stopped and started, so that no step depends on how fast another is.
func TestFlow(t *testing.T) {
	const inFlight, n, retention = 200, 1500, 3 * 200
	w := newWorld(t, sandbox.Faults{})
	l := newLine(t, w, lineOptions{
		name: "flow", visibility: 2 * importerTimeout, batch: 25, retention: retention,
		env: []string{fmt.Sprintf("THINGPRESS_IN_FLIGHT=%d", inFlight)},
	})
	manifest, want := generated(t, "espressif", "flow", n, 0.02)
	reel, wantReel := generated(t, "generated", "reel", 30, 0)
	l.start(t)
	l.importing.Stop()
	large := l.upload(t, l.buckets["espressif"], "large.csv", manifest, l.manifests)
	l.fill(t, large, inFlight)
	small := l.upload(t, l.buckets["generated"], "reel.txt", reel, l.manifests)
	l.until(t, func() (string, error) {
		if job := l.jobOf(t, small); job.Phase != stack.PhaseSent {
			return fmt.Sprintf("the reel is not sent: %q %s", job.Phase, job.Cause), nil
		}
		return "", nil
	})
	l.decoding.Stop()
	depth, err := l.devices.Depth(t.Context())
	most := (inFlight + len(wantReel)) * (1 + l.decoder.Stats().TimedOut) // one that runs out of time sends again
	if err != nil || depth < len(wantReel) || depth > most {
		t.Errorf("%d devices are in the queue, want at most %d: %v", depth, most, err)
	}
	// Nothing but what is in the queue comes before the reel.
	l.startImporting(t)
	l.until(t, func() (string, error) {
		if c := l.counts(t, small); settled(c) < len(wantReel) {
			return fmt.Sprintf("%s: %+v", small.Key, c), nil
		}
		return "", nil
	})
	passed := l.counts(t, large)
	t.Logf("%d of %d devices of the other manifest were imported before the %d of the reel", settled(passed), n, len(wantReel))
	if passed.Pending() == 0 {
		t.Error("the reel waited for the whole manifest")
	}

	l.importing.Stop()
	l.startDecoding(t)
	l.fill(t, large, inFlight)
	l.purge(t)
	l.startImporting(t)
	l.healed(t, large)
	l.rest(t, []stacktest.Object{large, small})
	if n := l.importing.Aged(); n > 0 && l.decoder.Stats().TimedOut == 0 {
		t.Errorf("%d devices were lost, because they waited for more than %d others", n, retention)
	}
	state := w.iot.State()
	l.finished(t, large, state, want)
	l.finished(t, small, state, wantReel)
}

func settled(c ledger.Counts) int { return c.Entries - c.Pending() }

// jobOf returns the job of an upload; none before it has begun.
func (l *line) jobOf(t *testing.T, o stacktest.Object) stack.Job {
	t.Helper()
	jobs, err := l.jobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return jobs[uploadID(o.Bucket, o.Key, o.Version)]
}

// counts returns the counts of an upload's import; none before it has begun.
func (l *line) counts(t *testing.T, o stacktest.Object) ledger.Counts {
	t.Helper()
	i, err := l.ledger.Import(t.Context(), l.jobOf(t, o).Import)
	if err != nil {
		return ledger.Counts{}
	}
	return i.Counts
}

// fill waits until so many devices of an upload are in flight that no more are sent, while no importer runs.
func (l *line) fill(t *testing.T, o stacktest.Object, window int) {
	t.Helper()
	l.until(t, func() (string, error) {
		job, counts := l.jobOf(t, o), l.counts(t, o)
		if n := job.InFlight(counts); n <= window/2 {
			return fmt.Sprintf("%d devices are in flight: %q %s, %+v", n, job.Phase, job.Cause, counts), nil
		}
		return "", nil
	})
}

// purge purges the devices queue while no importer runs. Messages that one has received and not deleted come back
// before, because a purge might leave them.
func (l *line) purge(t *testing.T) {
	t.Helper()
	l.until(t, func() (string, error) {
		visible, inFlight, delayed, err := l.devices.Depths(t.Context())
		if err == nil && (visible == 0 || inFlight+delayed > 0) {
			return fmt.Sprintf("%d messages are visible, %d in flight, %d delayed", visible, inFlight, delayed), nil
		}
		return "", err
	})
	if _, err := l.sqs.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &l.devices.URL}); err != nil {
		t.Fatal(err)
	}
}

// healed waits until the sweep has ordered that the devices of a purged queue be sent
// again. The sweep waits for minutes before it believes that
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
			t.Fatal("the purged queue had no device of the import")
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
