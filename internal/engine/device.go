package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A deviceRun is one device on its way through its calls.
type deviceRun struct {
	run  *run
	task *task

	// id and arn are the certificate's, from answers; computed where there is none.
	id, arn string
	// created says that this import registered the certificate.
	created bool

	busy  atomic.Int64 // nanoseconds not spent waiting for quota
	mu    sync.Mutex
	steps []rankedStep
}

// A rankedStep has its place among the steps of a device: calls end in any
// order, and the ledger keeps lists that are equal only once.
type rankedStep struct {
	rank int
	step ledger.Step
}

// device imports one device, adds its outcome to the book unless it stays
// pending, and returns how long it was not waiting for quota.
func (r *run) device(t *task) time.Duration {
	d := &deviceRun{run: r, task: t, id: t.device.CertificateID.String(), arn: r.certificateARN(t.device.CertificateID.String())}
	err := d.bring()
	record, ok := d.outcome(err)
	var failure *deviceError
	r.book.add(entryRecord{
		number: t.number, record: record, order: t.order,
		refused: errors.As(err, &failure) && failure.refused, silent: !ok,
	})
	return time.Duration(d.busy.Load())
}

// certificateARN computes the ARN that AWS gives a certificate.
func (r *run) certificateARN(id string) string {
	t := r.Target
	return "arn:" + t.Partition + ":iot:" + t.Region + ":" + t.Account + ":cert/" + id
}

// outcome is the record of a device whose calls ended with err. There is none
// where the import ended before the device did, or where the import is to blame.
func (d *deviceRun) outcome(err error) (ledger.Record, bool) {
	record := d.task.record(ledger.Unchanged)
	record.CertificateARN, record.Steps = d.arn, d.made()
	if len(record.Steps) > 0 {
		record.Outcome = ledger.Imported
	}
	if err == nil {
		return record, true
	}
	var stop *StopError
	if errors.As(err, &stop) {
		d.run.halt(stop)
		return ledger.Record{}, false
	}
	var failure *deviceError
	if errors.Is(err, errEnded) || !errors.As(err, &failure) {
		return ledger.Record{}, false
	}
	record.Outcome, record.Reason, record.Detail = ledger.Failed, string(failure.reason), failure.Error()
	return record, true
}

// made returns the steps in the order in which they belong.
func (d *deviceRun) made() []ledger.Step {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.SortStableFunc(d.steps, func(a, b rankedStep) int { return cmp.Compare(a.rank, b.rank) })
	var steps []ledger.Step
	for _, s := range d.steps {
		steps = append(steps, s.step)
	}
	return steps
}

// Ranks of steps.
const (
	rankCertificate = iota
	rankThing
	rankPrincipal
	rankPolicies
	rankGroups = rankPolicies + maxPolicies
)

func (d *deviceRun) step(rank int, op iot.Operation, resource string, created bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps = append(d.steps, rankedStep{rank, ledger.Step{Operation: string(op), Resource: resource, Created: created}})
}

// call makes a call for the device. Its errors are a *StopError, wrap
// errEnded, or are what AWS answered.
func (d *deviceRun) call(op iot.Operation, call func(ctx context.Context) error) (callResult, error) {
	result, err := d.run.caller.do(op, call)
	d.busy.Add(int64(result.busy))
	return result, judged(err)
}

// callUntilFound is call for what needs something that was made a moment ago.
func (d *deviceRun) callUntilFound(op iot.Operation, call func(ctx context.Context) error) error {
	result, err := d.run.caller.doUntilFound(op, call)
	d.busy.Add(int64(result.busy))
	return judged(err)
}

func judged(err error) error {
	if stop := stopFor(err); stop != nil {
		return stop
	}
	return err
}

// first returns the error that decides about a device: one that stops or ends
// the import before one of the device.
func first(errs []error) error {
	var decides error
	for _, err := range errs {
		var stop *StopError
		switch {
		case err == nil:
		case errors.As(err, &stop):
			return err
		case decides == nil, errors.Is(err, errEnded) && !errors.Is(decides, errEnded):
			decides = err
		}
	}
	return decides
}

// together runs calls side by side.
func (d *deviceRun) together(calls ...func() error) error {
	errs := make([]error, len(calls))
	fs := make([]func(), len(calls))
	for i, call := range calls {
		fs[i] = func() { errs[i] = call() }
	}
	d.run.pool.all(fs)
	return first(errs)
}
