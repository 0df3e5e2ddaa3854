// Package bring is the function that imports the devices of the devices queue into
// AWS IoT Core.
//
// The queue delivers at least once and in any order, and an instance may end at any
// moment. Therefore each entry claims its name and certificate before its first call,
// its outcome is recorded before its message is acknowledged, and an unfinished
// device is sent as a new message before the old one is acknowledged.
package bring

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// An Engine imports a batch of devices, as [engine.Batch] does.
type Engine func(
	ctx context.Context, config engine.Config, most int, items iter.Seq[engine.Item], done func(record ledger.Record),
) (engine.Summary, error)

// A Config configures an [Importer]. All fields but Window must be set.
type Config struct {
	Ledger stack.Ledger
	Claims stack.Claims
	Jobs   stack.Jobs
	// Devices and Manifests are the queues to send to.
	Devices, Manifests stack.Queue
	Notices            stack.Notices
	Metrics            stack.Metrics
	Log                *slog.Logger
	Engine             Engine
	AWS                iot.AWS
	// Quotas pace the calls of this instance.
	Quotas *Quotas
	// Window bounds the devices in flight.
	Window engine.Window
}

// An Importer handles batches of messages. It is safe for concurrent use, although
// Lambda makes none of that.
type Importer struct{ Config }

// New returns an importer. It makes no call.
func New(config Config) *Importer { return &Importer{Config: config} }

// Handle imports the devices of a batch of messages into target, until shortly before
// the deadline of ctx. It returns the IDs of the messages that must not be
// acknowledged: those that hold no device of an import in the ledger, and those whose
// device could be neither recorded nor sent again.
func (i *Importer) Handle(ctx context.Context, target ledger.Target, messages []stack.Delivery) (failed []string) {
	b := &batch{Importer: i, target: target, times: newTimes(ctx)}
	groups, garbage := i.groupByImport(ctx, messages)
	if len(groups) == 0 {
		return garbage
	}
	b.limiters = i.Quotas.Limiters(ctx)
	var wg sync.WaitGroup
	for _, g := range groups {
		g.batch = b
		wg.Go(func() { g.handle(ctx) })
	}
	wg.Wait()
	b.writeMetrics(ctx, groups)
	for _, g := range groups {
		garbage = append(garbage, g.failed()...)
	}
	return garbage
}

// A batch is one call of Handle.
type batch struct {
	*Importer
	target   ledger.Target
	times    times
	limiters limiters
}

// times divide what is left of an invocation. No call begins after begin, and calls
// in flight are cancelled at abort. The rest of the time is for recording and handing
// back. Zero means never.
type times struct {
	begin, abort time.Time
}

const (
	// One part in marginPart of the time is kept for the end, at most marginMost.
	marginPart = 5
	marginMost = 10 * time.Second
)

func newTimes(ctx context.Context) times {
	deadline, ok := ctx.Deadline()
	if !ok {
		return times{}
	}
	margin := max(min(time.Until(deadline)/marginPart, marginMost), 0)
	return times{begin: deadline.Add(-margin), abort: deadline.Add(-margin / 2)}
}

// within returns a context that ends at t, if t is not zero.
func within(ctx context.Context, t time.Time) (context.Context, context.CancelFunc) {
	if t.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, t)
}

// writeMetrics writes the metrics of a batch.
func (b *batch) writeMetrics(ctx context.Context, groups []*group) {
	var counts ledger.Counts
	values := map[stack.Metric]float64{}
	for _, g := range groups {
		for _, d := range g.devices {
			if first := d.message.First; !first.IsZero() {
				values[stack.MetricOldestDevice] = max(values[stack.MetricOldestDevice], time.Since(first).Seconds())
			}
			if d.state == recorded {
				counts.Add(d.outcome, 1)
			}
			if d.state == handedBack {
				values[stack.MetricHandedBack]++
			}
		}
		values[stack.MetricThrottled] += float64(g.summary.Throttled)
		if g.summary.Ceiling > 0 {
			values[stack.MetricCeiling] = g.summary.Ceiling
		}
	}
	values[stack.MetricImported] = float64(counts.Imported)
	values[stack.MetricUnchanged] = float64(counts.Unchanged)
	values[stack.MetricFailed] = float64(counts.Failed)
	values[stack.MetricRejected] = float64(counts.Rejected)
	values[stack.MetricSkipped] = float64(counts.Skipped)
	if err := b.Metrics.Put(values); err != nil {
		b.Log.ErrorContext(ctx, "metrics could not be written", "error", err.Error())
	}
}
