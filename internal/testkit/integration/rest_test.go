package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// until waits until missing returns "". It gives up when what is missing has not changed for long.
func (l *line) until(t *testing.T, missing func() (string, error)) {
	t.Helper()
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	last, changed := "", time.Now()
	for {
		what, err := missing()
		switch {
		case err != nil:
			t.Fatalf("%s: %v", l.name, err)
		case what == "":
			return
		case what != last:
			last, changed = what, time.Now()
		}
		deadline, ok := t.Deadline()
		if stands := time.Since(changed); stands > mostPatience || ok && time.Until(deadline) < 20*time.Second { // time to report it
			t.Fatalf("%s: unchanged for %v: %s\n%s", l.name, stands.Round(time.Second), what, l.describe(t))
		}
		<-again.C
	}
}

// describe returns the state of all queues and functions.
func (l *line) describe(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, q := range []*stacktest.Queue{l.manifests, l.devices, l.manifestsDead, l.devicesDead, l.manifestsParked, l.devicesParked} {
		visible, inFlight, delayed, err := q.Depths(t.Context())
		fmt.Fprintf(&b, "%s: %d visible, %d in flight, %d delayed, %v\n", q.Name, visible, inFlight, delayed, err)
	}
	for _, f := range []*stacktest.Function{l.decoder, l.importer, l.undeliverable} {
		fmt.Fprintf(&b, "%s: %+v\n", f.ARN(), f.Stats())
	}
	return b.String()
}

// rest waits until every upload is finished.
func (l *line) rest(t *testing.T, uploads []stacktest.Object) {
	t.Helper()
	begin := time.Now()
	l.until(t, func() (string, error) { return l.standing(t.Context(), uploads) })
	t.Logf("%s: at rest after %v", l.name, time.Since(begin).Round(time.Second))
}

// empty waits until no queue of the line has a message, apart from those parked on purpose.
func (l *line) empty(t *testing.T) {
	t.Helper()
	l.sweeping()
	l.until(t, func() (string, error) {
		queues := []*stacktest.Queue{l.manifests, l.devices, l.manifestsDead, l.devicesDead, l.manifestsParked}
		if l.name != "wrong" {
			queues = append(queues, l.devicesParked)
		}
		for _, q := range queues {
			if depth, err := q.Depth(t.Context()); err != nil || depth > 0 {
				return fmt.Sprintf("%d messages in %s", depth, q.Name), err
			}
		}
		return l.held(), nil
	})
}

// standing returns what is not finished yet, or "".
func (l *line) standing(ctx context.Context, uploads []stacktest.Object) (string, error) {
	jobs, err := l.jobs(ctx)
	if err != nil {
		return "", err
	}
	for _, o := range uploads {
		job, ok := jobs[uploadID(o.Bucket, o.Key, o.Version)]
		if !ok {
			return "no job for " + o.Key, nil
		}
		i, err := l.ledger.Import(ctx, job.Import)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return "", err
		}
		if i.State != ledger.StateFinished && i.State != ledger.StateStopped || job.Phase != stack.PhaseDone { // done is what follows the notice
			return fmt.Sprintf("%s: phase %s, state %q, %+v, cause %q until %v", o.Key, job.Phase, i.State, i.Counts, job.Cause, job.RetryAt), nil
		}
	}
	for _, q := range []*stacktest.Queue{l.devices, l.manifestsDead, l.devicesDead} {
		if depth, err := q.Depth(ctx); err != nil || depth > 0 {
			return fmt.Sprintf("%d messages in %s", depth, q.Name), err
		}
	}
	return l.held(), nil
}

// held returns "" unless a source holds a message that is in no queue, because it
// was deleted and should be delivered again.
func (l *line) held() string {
	for _, s := range l.sources {
		if !s.Idle() {
			return "a message is held back"
		}
	}
	return ""
}

// jobs returns the line's jobs by upload, without those of commands.
func (l *line) jobs(ctx context.Context) (map[string]stack.Job, error) {
	jobs := map[string]stack.Job{}
	for job, err := range l.ledger.All(ctx) {
		if err != nil {
			return nil, err
		}
		if job.Command != nil {
			continue
		}
		u := job.Upload
		id := uploadID(u.Bucket, u.Key, u.Version)
		if other, ok := jobs[id]; ok {
			return nil, fmt.Errorf("%s is imported twice, by %s and %s", id, other.Import, job.Import)
		}
		jobs[id] = job
	}
	return jobs, nil
}
