package imports

import (
	"context"
	"testing"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
)

// printed passes on what is written.
type printed chan string

func (p printed) Write(text []byte) (int, error) {
	p <- string(text)
	return len(text), nil
}

// interrupting is an inventory whose group is being listed when the command is interrupted.
type interrupting struct {
	iot.Inventory
	interrupt func()
}

func (i interrupting) ListThingsInThingGroupTree(ctx context.Context, _, _ string) ([]string, string, error) {
	i.interrupt()
	return nil, "", ctx.Err()
}

// Who is told that no call is in flight presses Ctrl-C again, and loses the answer of the calls that are.
func TestInterruptedCommandTellsTheCallsInFlight(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, said := make(printed, 16), ""
	printer := progress.New(out, progress.Options{Mode: progress.Lines})
	limiters := quota.NewLimiters(quota.Set{}, quota.Options{})
	events, stop := LaterEvents(ctx, printer, nil, limiters, "exporting")
	defer stop()
	listing := engine.Exporting{Group: "g", Sheets: 1, Inventory: interrupting{interrupt: func() {
		cancel()
		said = <-out
	}}}
	_, err := engine.Export(ctx, engine.Config{Limiters: limiters, Events: events}, listing)
	if want := "stopping; 1 call in flight; press Ctrl-C again to stop immediately\n"; said != want || err == nil {
		t.Errorf("%v, %q is printed, not %q", err, said, want)
	}
	printer.Close()
}
