package bring

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	program "github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

const (
	// claimSpan is how far ahead of the calls devices are claimed. It is far longer than
	// claiming takes, so that the calls need not wait for it. It is short, because a claim
	// of a device that the invocation does not reach is made again by the next one.
	claimSpan = 2 * time.Second
	// leastClaims and mostClaims bound the devices that are claimed together. The most fit
	// one transaction of DynamoDB if they claim nothing but themselves.
	leastClaims, mostClaims = 4, 99
)

// claimsTogether returns how many devices to claim together: as many as the quotas let
// through in claimSpan.
func (g *group) claimsTogether(a program.Attachments) int {
	path := quota.FreshPath(g.limiters.Set(), len(a.Policies), len(a.ThingGroups))
	ceiling, _ := g.limiters.Ceiling(path)
	return int(min(max(ceiling*claimSpan.Seconds(), leastClaims), mostClaims))
}

// claimAhead returns the devices that got what they claim. It claims some devices
// while the caller works on those before them, until reading ends. The caller must
// call end after it has taken the last device; then no more are claimed, and end
// returns what kept the others from it.
func (g *group) claimAhead(ctx, reading context.Context, devices []*device, together int) (won iter.Seq[*device], end func() error) {
	claiming, stop := context.WithCancel(reading)
	claimed := make(chan []*device)
	var failed error
	go func() {
		defer close(claimed)
		for some := range slices.Chunk(devices, together) {
			won, err := g.claim(ctx, claiming, some)
			if err != nil {
				if claiming.Err() == nil {
					failed = err
				}
				return
			}
			select {
			case claimed <- won:
			case <-claiming.Done():
				return
			}
		}
	}()
	won = func(yield func(*device) bool) {
		for some := range claimed {
			for _, d := range some {
				if !yield(d) {
					return
				}
			}
		}
	}
	return won, func() error {
		stop()
		for range claimed { // until the last claims are answered
		}
		return failed
	}
}

// claim claims what devices have of their own, and returns those that got it. It
// drops devices that have an outcome, and records those that lost to another entry.
func (g *group) claim(ctx, reading context.Context, devices []*device) (won []*device, err error) {
	claims := make([]stack.Claim, len(devices))
	now := g.now()
	for n, d := range devices {
		claims[n] = stack.Claim{
			Entry: d.message.Entry, VendorID: d.device.VendorID(), ThingName: d.message.ThingName,
			CertificateID: d.device.CertificateID, Alone: d.message.Alone, At: now,
		}
	}
	answers, err := g.Claims.Claim(reading, g.importID, claims)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
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
		return nil, err
	}
	var losers []ledger.Record
	for n, d := range devices {
		switch {
		case d.state != pending:
		case answers[n].Mine:
			won = append(won, d)
		default:
			losers = append(losers, verdictOf(d, answers[n]))
		}
	}
	return won, g.recordNow(ctx, losers)
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
		Reason: string(reason), Detail: manifest.InMember(d.message.Member, detail), At: time.Now(),
	}
}
