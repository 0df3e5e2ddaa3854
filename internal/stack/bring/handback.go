package bring

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/stack"
)

// causeMost is the maximum length of the cause in a message, in bytes.
const causeMost = 500

// handBack sends the pending devices again, as new messages.
func (g *group) handBack(ctx context.Context, h hold) {
	devices := g.in(pending)
	if len(devices) == 0 {
		return
	}
	if h.cause == "" {
		h.cause = "the batch ran out of time before it reached this device"
	}
	messages := make([]stack.Message, 0, len(devices))
	now := time.Now().UTC().Truncate(time.Second)
	for _, d := range devices {
		delay := h.delay(d.message.Attempt)
		m := d.message
		m.Attempt++
		switch {
		case h.atOnce: // the import makes progress
			m.Since = nil
		case m.Since == nil:
			m.Since = &now
		}
		m.Cause = strings.ToValidUTF8(h.cause[:min(len(h.cause), causeMost)], "")
		messages = append(messages, m.Message(delay))
	}
	err := g.Devices.Send(ctx, messages)
	for _, d := range devices {
		d.state = handedBack
	}
	if err != nil {
		g.keepRefused(devices, err)
		g.Log.ErrorContext(ctx, "devices could not be handed back", "import", g.importID, "devices", len(g.in(lost)), "error", err.Error())
	}
	g.Log.InfoContext(ctx, "devices handed back", "import", g.importID, "devices", len(g.in(handedBack)), "cause", h.cause)
}

// keepRefused marks devices as lost whose new messages the queue refused.
func (g *group) keepRefused(devices []*device, err error) {
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

// delay returns for how long a device is handed back. It is spread over a tenth, so
// that devices do not all come back at the same moment.
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

// requestCompletion asks for the completion of the import if this was its last
// device. It also does so for devices that were delivered again, because the instance
// that had them before may have died before it could ask.
func (g *group) requestCompletion(ctx context.Context, job stack.Job) {
	if len(g.in(recorded))+len(g.in(dropped)) == 0 {
		return
	}
	// The import may have been stopped or cancelled while this batch was imported.
	if fresh, err := g.Jobs.Get(ctx, g.importID); err == nil {
		job = fresh
	}
	if job.Stopped() {
		if err := stack.CloseAgain(ctx, g.Ledger, job); err != nil {
			g.Log.ErrorContext(ctx, "a stopped import could not be closed again", "import", g.importID, "error", err.Error())
		}
		if !job.Cancelled() {
			return
		}
	}
	if err := stack.RequestCompletion(ctx, g.Ledger, g.Manifests, job); err != nil {
		g.Log.WarnContext(ctx, "completion is left to the sweep", "import", g.importID, "error", err.Error())
	}
}
