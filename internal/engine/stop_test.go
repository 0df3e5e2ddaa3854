package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// refusing answers calls of an operation with an error, starting with the n-th.
type refusing struct {
	iot.Things
	from atomic.Int64
	err  func(name string) error
}

func (r *refusing) CreateThing(ctx context.Context, thing iot.Thing) error {
	if r.from.Add(-1) < 0 {
		if err := r.err(thing.Name); err != nil {
			return err
		}
	}
	return r.Things.CreateThing(ctx, thing)
}

func refusal(class iot.Class, code string) func(string) error {
	return func(string) error {
		return &iot.APIError{Operation: "CreateThing", Code: code, Message: "no", Class: class}
	}
}

func TestWhatIsWrongWithTheImportStopsItAndFailsNoDevice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  func(string) error
		want string
	}{
		"denied":             {refusal(iot.ClassImport, "AccessDeniedException"), "AccessDeniedException"},
		"credentials":        {refusal(iot.ClassCredentials, "ExpiredTokenException"), "ExpiredTokenException"},
		"clock":              {refusal(iot.ClassClockSkew, "RequestTimeTooSkewed"), "RequestTimeTooSkewed"},
		"twenty in a row":    {refusal(iot.ClassDevice, "InvalidRequestException"), "20 devices in a row"},
		"limit of something": {refusal(iot.ClassDevice, "LimitExceededException"), "20 devices in a row"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{}, sandbox.Transport)
			l := &memoryLedger{}
			w.ledger = l
			const n = 300
			sources := w.sources(espressifManifest(t, n, "stop"))
			things := &refusing{Things: w.aws.Things, err: test.err}
			if !strings.HasPrefix(test.want, "20 ") {
				things.from.Store(100)
			}
			w.aws.Things = things
			summary, id, err := w.run(sources, attempt{})
			var stop *call.StopError
			if !errors.As(err, &stop) || !strings.Contains(err.Error(), test.want) || advice.Of(stop, advice.CLI).Todo == "" {
				t.Fatalf("%v, want a stop about %s", err, test.want)
			}
			if summary.Counts.Failed > 0 || summary.Pending == 0 || summary.Counts.Imported+summary.Pending != n {
				t.Errorf("%+v, %d pending", summary.Counts, summary.Pending)
			}
			if end := l.journals[id].end; end.State != ledger.StateStopped || end.Cause == "" {
				t.Errorf("the ledger says %+v", end)
			}
			things.from.Store(1 << 40)
			if summary, _, err = w.run(sources, attempt{id: id}); err != nil || summary.Counts.Imported != n {
				t.Errorf("resumed: %v, %+v", err, summary.Counts)
			}
		})
	}
}

func TestRefusalsThatAreNotInARowFailTheirDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	w.aws.Things = everyThird(w.aws.Things)
	summary, id, err := w.run(w.sources(espressifManifest(t, 90, "some")), attempt{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (ledger.Counts{Entries: 90, Imported: 60, Failed: 30}); summary.Counts != want {
		t.Errorf("%+v, want %+v", summary.Counts, want)
	}
	if len(summary.Failures) != 1 || summary.Failures[0].Count != 30 || summary.Failures[0].Reason != "aws-InvalidRequestException" ||
		advice.For(summary.Failures[0].Reason, advice.CLI).Todo == "" {
		t.Errorf("failures %+v", summary.Failures)
	}
	for _, r := range w.records(id) {
		if r.Outcome == ledger.Failed && (len(r.Steps) != 1 || !r.Steps[0].Created) {
			t.Fatalf("the record of a failed device does not list its certificate: %+v", r)
		}
	}
}

// everyThird refuses every third thing.
func everyThird(things iot.Things) iot.Things {
	var calls atomic.Int64
	return &refusing{Things: things, err: func(name string) error {
		if calls.Add(1)%3 == 0 {
			return refusal(iot.ClassDevice, "InvalidRequestException")(name)
		}
		return nil
	}}
}

func TestMaxFailuresStopsTheImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	w.aws.Things = everyThird(w.aws.Things)
	summary, _, err := w.run(w.sources(longManifest(t, 2000)),
		attempt{change: func(_ *engine.Config, i *engine.Import) { i.MaxFailures = 5 }})
	var stop *call.StopError
	if !errors.As(err, &stop) || summary.Counts.Failed < 5 || summary.Pending == 0 {
		t.Errorf("%v: %+v, %d pending", err, summary.Counts, summary.Pending)
	}
}

func TestAttachmentThatGoesAwayStopsTheImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	w.settings.Attachments.ThingType = "gone"
	summary, _, err := w.run(w.sources(espressifManifest(t, 50, "gone")), attempt{})
	var stop *call.StopError
	if !errors.As(err, &stop) || !strings.Contains(err.Error(), "thing type gone: does not exist") || summary.Counts.Failed > 0 {
		t.Errorf("%v: %+v", err, summary.Counts)
	}
}

func TestLedgerThatCannotBeWrittenStopsTheImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	var writes atomic.Int64
	w.ledger = &memoryLedger{fail: func() error {
		if writes.Add(1) > 3 {
			return errors.New("disk full")
		}
		return nil
	}}
	summary, _, err := w.run(w.sources(longManifest(t, 2000)), attempt{})
	var stop *call.StopError
	if !errors.As(err, &stop) || !strings.Contains(err.Error(), "disk full") || summary.Pending == 0 {
		t.Errorf("%v: %+v, %d pending", err, summary.Counts, summary.Pending)
	}
}
