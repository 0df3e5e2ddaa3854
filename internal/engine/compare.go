package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// A CompareConfig says what is compared with what. Events and Abort may be nil.
type CompareConfig struct {
	// Sources, Scan and Settings are as in [Config].
	Sources  []*Source
	Scan     *ScanResult
	Settings Settings
	Target   ledger.Target
	AWS      iot.AWS
	Limiters *quota.Limiters
	// Events are told of pages that are read, and of devices as [Comparing].
	Events Events
	// Abort ends calls in flight when it ends.
	Abort context.Context //nolint:containedctx // as in Config
}

// A Comparison is what AWS has of the devices of manifests.
type Comparison struct {
	// New devices are unknown to AWS, Unchanged are all as wanted, Completed
	// lack something that an import would add, and Conflicts would fail.
	New, Unchanged, Completed, Conflicts int
	// Failures are the conflicts by reason, most frequent first.
	Failures []Failure
	// Calls are those that the import would make, by operation. Paged says
	// that it would read what exists in pages: then its reads are an
	// estimate, because they depend on when it notices.
	Calls quota.Calls
	Paged bool
	// Made are the calls that the comparison made.
	Made map[string]int
	// Took is how long it took.
	Took time.Duration
	// Examples are up to five devices of as many kinds as there are.
	Examples []PlannedDevice
}

// Comparing tells how far a comparison is, about five times a second.
type Comparing struct {
	Done, Total int
	// Rate is in devices per second since the lists were read.
	Rate float64
	// Ceiling is what the quotas of the reads allow for devices that exist, in
	// devices per second; 0 is no limit. Binding is the operation whose quota it is.
	Ceiling float64
	Binding string
}

func (Comparing) event() {}

// Compare looks every device up in AWS and says what an import would do. It
// changes nothing. Where there are many devices it reads the lists first, in
// pages of 250; a line that is missing in a list is looked up, until
// the list was found right often enough to be believed.
//
// Its errors are those of [Run], but for [BalanceError].
func Compare(ctx context.Context, config CompareConfig) (Comparison, error) {
	started := time.Now()
	r := newRun(ctx, Config{
		Sources: config.Sources, Scan: config.Scan, Settings: config.Settings, Target: config.Target,
		AWS: config.AWS, Limiters: config.Limiters, Events: config.Events, Abort: config.Abort, Journal: noJournal{},
	}, serially(config.Events))
	defer r.end(nil)
	c := &comparer{run: r, devices: config.Scan.Devices, failures: map[manifest.Reason]*Failure{}, calls: quota.Calls{}}
	if c.devices >= existingLeft {
		c.complete = r.state.take(c.devices)
	}
	c.all()
	result := c.result()
	result.Took = time.Since(started)
	return result, c.verdict(ctx)
}

// serially lets one event through at a time.
func serially(events Events) Events {
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		events.send(e)
	}
}

// A comparer is the state of [Compare].
type comparer struct {
	run     *run
	devices int
	// complete says that the lists were read to their end.
	complete bool
	trust    trust

	mu       sync.Mutex
	done     int
	states   [conflicting + 1]int
	existing int // registered already
	calls    quota.Calls
	failures map[manifest.Reason]*Failure
	examples [conflicting + 1][]PlannedDevice
}

// all compares every device, as many at once as the window lets in.
func (c *comparer) all() {
	r := c.run
	tasks := make(chan *task, leadMost)
	var stages sync.WaitGroup
	stages.Go(func() { r.feed(tasks) })
	recorded := make(chan struct{})
	go func() { defer close(recorded); r.book.keep() }() // of the entries that are no devices
	watched, unwatch := make(chan struct{}), make(chan struct{})
	go func() { defer close(watched); c.watch(unwatch) }()

	var devices sync.WaitGroup
	for t := range tasks {
		if r.window.enter(r.begin) != nil {
			continue
		}
		devices.Add(1)
		r.pool.run(func() {
			defer devices.Done()
			d := &deviceRun{run: r, task: t, id: t.device.CertificateID.String(), arn: r.certificateARN(t.device.CertificateID.String())}
			c.add(d, c.compare(d))
			r.window.leave(time.Duration(d.busy.Load()))
		})
	}
	devices.Wait()
	stages.Wait()
	r.book.close()
	<-recorded
	close(unwatch)
	<-watched
	r.pool.close()
}

// watch tells progress, and fits the window to what the quotas of the reads allow.
func (c *comparer) watch(end <-chan struct{}) {
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	began := time.Now()
	for {
		ceiling, binding := c.ceiling()
		c.run.window.fit(ceiling)
		c.mu.Lock()
		p := Comparing{Done: c.done, Total: c.devices, Ceiling: finite(ceiling), Binding: string(binding)}
		c.mu.Unlock()
		if spent := time.Since(began).Seconds(); spent > 0 {
			p.Rate = float64(p.Done) / spent
		}
		c.run.events.send(p)
		select {
		case <-ticker.C:
		case <-end:
			return
		}
	}
}

// ceiling is what the reads of a device that exists allow, in devices per second.
func (c *comparer) ceiling() (float64, iot.Operation) {
	r := c.run
	rate, binding := r.links.rate()
	reads := maps.Clone(r.paths.known)
	if !c.complete {
		reads = maps.Clone(r.paths.unknown)
		delete(reads, opRegister)
	}
	if other, op := r.Limiters.Ceiling(reads); other < rate {
		return other, op
	}
	return rate, binding
}

// verdict is the error of a comparison whose devices all ended.
func (c *comparer) verdict(ctx context.Context) error {
	var stop *StopError
	switch cause := context.Cause(c.run.begin); {
	case errors.As(cause, &stop):
		return stop
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
	case cause != nil:
		return cause
	}
	return nil
}
