package bring

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// causeMost is the longest cause that travels with a device, in bytes.
const causeMost = 500

// handBack sends what is pending again, as new messages.
func (g *group) handBack(ctx context.Context, h hold) {
	devices := g.in(pending)
	if len(devices) == 0 {
		return
	}
	if h.cause == "" {
		h.cause = "it did not come to this device's turn"
	}
	messages := make([]stack.Message, 0, len(devices))
	for _, d := range devices {
		delay := h.delay(d.message.Attempt)
		m := d.message
		m.Attempt++
		m.Cause = strings.ToValidUTF8(h.cause[:min(len(h.cause), causeMost)], "")
		messages = append(messages, m.Message(delay))
	}
	err := g.Devices.Send(ctx, messages)
	for _, d := range devices {
		d.state = handedBack
	}
	if err != nil {
		g.refused(devices, err)
		g.Log.ErrorContext(ctx, "devices could not be handed back", "import", g.importID, "devices", len(g.in(lost)), "error", err.Error())
	}
	g.Log.InfoContext(ctx, "devices handed back", "import", g.importID, "devices", len(g.in(handedBack)), "cause", h.cause)
}

// refused leaves those in the queue that it did not take anew.
func (g *group) refused(devices []*device, err error) {
	var refused *stack.RefusedError
	if !errors.As(err, &refused) {
		for _, d := range devices {
			d.state = lost
		}
		return
	}
	for _, n := range refused.Indices {
		devices[n].state = lost
	}
}

// delay is how long a device rests. What rests as long as others comes back
// spread over a tenth of the time.
func (h hold) delay(attempts int) time.Duration {
	if h.atOnce {
		return 0
	}
	d := stack.HandBack.After(attempts + 1)
	if !h.until.IsZero() {
		d = time.Until(h.until)
	}
	d += rand.N(max(d/10, time.Second)) //nolint:gosec // spreads attempts
	return min(max(d.Round(time.Second), time.Second), stack.MaxDelay)
}

// conclude asks for the import's completion if this was its last device. It is
// also done for devices that came again: the instance that had them before may
// have died before it could ask.
func (g *group) conclude(ctx context.Context, job stack.Job) {
	if len(g.in(recorded))+len(g.in(dropped)) == 0 {
		return
	}
	if job.Stopped() {
		if err := g.stopAgain(ctx, job); err != nil {
			g.Log.ErrorContext(ctx, "a stopped import looks as if it ran", "import", g.importID, "error", err.Error())
		}
		return
	}
	counts, err := g.Ledger.Counts(ctx, g.importID)
	if err == nil && counts.Pending() == 0 {
		err = g.Manifests.Send(ctx, []stack.Message{stack.Task{Kind: stack.TaskComplete, Import: g.importID}.Message(0)})
	}
	if err != nil {
		g.Log.WarnContext(ctx, "completion is left to the sweep", "import", g.importID, "error", err.Error())
	}
}

// stopAgain closes a stopped import again: to record outcomes its journal was
// opened, which said that it runs.
func (g *group) stopAgain(ctx context.Context, job stack.Job) error {
	journal, err := g.Ledger.Resume(ctx, g.importID)
	if err != nil {
		return err
	}
	return journal.Close(ctx, ledger.End{State: ledger.StateStopped, Cause: job.Cause, At: time.Now()})
}
