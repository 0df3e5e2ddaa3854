package bring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	program "github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A hold is why devices are handed back, and for how long.
type hold struct {
	cause string
	// until is when they may be tried again; if zero, their number of attempts
	// decides.
	until time.Time
	// atOnce sends them again without a delay.
	atOnce bool
}

// handle imports the devices of a group and leaves none of them pending.
func (g *group) handle(ctx context.Context) {
	reading, cancel := within(ctx, g.times.begin)
	defer cancel()
	job, settings, err := g.readJob(reading)
	if errors.Is(err, ledger.ErrNotFound) {
		g.Log.ErrorContext(ctx, "devices of an import that is not in the ledger", "import", g.importID, "devices", len(g.devices))
		return // their messages go to the dead-letter queue
	}
	if err != nil {
		g.handBack(ctx, hold{cause: err.Error()})
		return
	}
	if job.Held() {
		g.dropHeld(ctx, job)
		return
	}
	h := g.recordOutcomes(ctx, reading, job, settings)
	g.handBack(ctx, h)
	g.requestCompletion(ctx, job)
}

// recordOutcomes records the outcomes that it can, and returns why the other devices
// are handed back. Reading ends before ctx, which leaves time for that.
func (g *group) recordOutcomes(ctx, reading context.Context, job stack.Job, settings engine.Settings) hold {
	if err := g.failOld(ctx, reading); err != nil {
		return hold{cause: err.Error()}
	}
	if time.Now().Before(job.RetryAt) && job.Cause != "" && !job.Ended() {
		return hold{cause: job.Cause, until: job.RetryAt}
	}
	if err := g.claim(ctx, reading); err != nil {
		return hold{cause: err.Error()}
	}
	devices := g.in(pending)
	if len(devices) == 0 {
		return hold{}
	}
	h, err := g.importDevices(ctx, job, settings, devices)
	if err != nil {
		return hold{cause: err.Error()}
	}
	return h
}

// dropHeld drops the devices of an import that is paused or cancelled. Handing them
// back for days would cost more than sending them again.
func (g *group) dropHeld(ctx context.Context, job stack.Job) {
	for _, d := range g.devices {
		d.state = dropped
	}
	g.Log.InfoContext(ctx, "devices dropped", "import", g.importID, "devices", len(g.devices), "order", job.Order.Kind)
}

// claim claims vendor IDs, certificates and names. It drops devices that have an outcome, and
// records those that lost to another entry.
func (g *group) claim(ctx, reading context.Context) error {
	devices := g.in(pending)
	if len(devices) == 0 {
		return nil
	}
	claims := make([]stack.Claim, len(devices))
	now := g.now()
	for n, d := range devices {
		claims[n] = stack.Claim{
			Entry: d.message.Entry, VendorID: d.device.VendorID(), ThingName: d.message.ThingName,
			CertificateID: d.device.CertificateID, At: now,
		}
	}
	answers, err := g.Claims.Claim(reading, g.importID, claims)
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	var seen []*device
	for n, d := range devices {
		// This applies to new claims as well: another instance may have the device at
		// the same time, and what it registers is ours too.
		d.marked = answers[n].At
		if !answers[n].New {
			seen = append(seen, d)
		}
	}
	if err := g.dropSettled(reading, seen); err != nil {
		return err
	}
	var losers []ledger.Record
	for n, d := range devices {
		if d.state == pending && !answers[n].Mine {
			losers = append(losers, verdictOf(d, answers[n]))
		}
	}
	return g.recordNow(ctx, losers)
}

// now returns AWS's time, because marks are compared with the creation dates of
// certificates.
func (g *group) now() time.Time {
	if g.AWS.Now != nil {
		return g.AWS.Now()
	}
	return time.Now()
}

// dropSettled drops the devices whose outcome stands.
func (g *group) dropSettled(ctx context.Context, devices []*device) error {
	if len(devices) == 0 {
		return nil
	}
	entries := make([]int, len(devices))
	for n, d := range devices {
		entries[n] = d.message.Entry
	}
	outcomes, err := g.Ledger.Outcomes(ctx, g.importID, entries)
	if err != nil {
		return fmt.Errorf("outcomes: %w", err)
	}
	for _, d := range devices {
		record, ok := outcomes[d.message.Entry]
		if ok && !isRetried(record) {
			d.state = dropped
		}
		d.created = slices.ContainsFunc(record.Steps, func(s ledger.Step) bool {
			return s.Created && s.Operation == "RegisterCertificateWithoutCA"
		})
	}
	return nil
}

// isRetried reports whether a device with this record is tried again if its message
// is delivered again. Every other outcome stands within an import.
func isRetried(r ledger.Record) bool {
	return r.Outcome == ledger.Failed && r.Reason == string(program.ReasonUndeliverable)
}

// verdictOf returns the outcome of a device that lost a claim to another entry.
func verdictOf(d *device, c stack.Claimed) ledger.Record {
	owners := engine.Owners{ID: c.ByID.Entry, Certificate: c.ByCertificate.Entry, Name: c.ByName.Entry}
	id := d.device.VendorID()
	match := owners.Relate(d.message.Entry, func(owner int) bool {
		theirs := c.ByName.VendorID
		if owner == c.ByCertificate.Entry {
			theirs = c.ByCertificate.VendorID
		}
		return owner != c.ByID.Entry && id != "" && theirs != "" && theirs != id
	})
	outcome, reason, detail := match.Verdict(fmt.Sprintf("entry %d", match.Earlier), engine.Validity{}, engine.Validity{})
	return recordOf(d, outcome, reason, detail)
}

func recordOf(d *device, outcome ledger.Outcome, reason manifest.Reason, detail string) ledger.Record {
	return ledger.Record{
		Place: ledger.Place{Entry: d.message.Entry}, Line: d.message.Line, Outcome: outcome,
		ID: d.message.ID, ThingName: d.message.ThingName, CertificateID: d.device.CertificateID,
		Reason: string(reason), Detail: detail, At: time.Now(),
	}
}

// failOld fails the devices that were handed back for too long.
func (g *group) failOld(ctx, reading context.Context) error {
	var old []*device
	for _, d := range g.in(pending) {
		if since := d.message.Since; since != nil && time.Since(*since) > stack.GiveUpAfter {
			old = append(old, d)
		}
	}
	if len(old) == 0 {
		return nil
	}
	if err := g.dropSettled(reading, old); err != nil {
		return err
	}
	var records []ledger.Record
	for _, d := range old {
		if d.state == pending {
			detail := fmt.Sprintf("handed back for %d days", stack.GiveUpAfter/(24*time.Hour))
			if cause := d.message.Cause; cause != "" {
				detail += ", most recently because of: " + cause
			}
			records = append(records, recordOf(d, ledger.Failed, program.ReasonUndeliverable, detail))
		}
	}
	return g.recordNow(ctx, records)
}

// recordNow records outcomes that took no call.
func (g *group) recordNow(ctx context.Context, records []ledger.Record) error {
	if len(records) == 0 {
		return nil
	}
	add, end := g.startRecorder(ctx, func(error) {})
	for _, record := range records {
		add(record)
	}
	return end()
}
