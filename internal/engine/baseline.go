package engine

import (
	"context"
	"errors"
	"math"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
)

// A baseline is what existed before the first call of an import. CreateThing answers alike for a new
// thing and for one that exists with the same configuration, so without it nobody could tell later which
// things the import created.
type baseline struct {
	known   bool
	existed bitset // entries whose thing existed, if known
	// lookUp reports whether each thing is looked up instead, because the list is too long.
	lookUp bool
}

const (
	// The list may take this share of the time of the import, and this many pages at least.
	baselineShare = 0.1
	baselinePages = 10
)

// tell gives a device what is known of its thing.
func (b *baseline) tell(t *task, d *device.Device) {
	d.Absent = b.known && !b.existed.has(t.number)
	d.LookUp = b.lookUp
}

// takeBaseline lists the things of the account, unless an earlier run did. If an earlier run may have
// made calls, or the list cannot be read, it is not known what existed.
func takeBaseline(s *session, config *Config, i *Import, b *book, p *paths) (baseline, error) {
	keeper, ok := i.Journal.(ledger.BaselineKeeper)
	if !ok || i.NoBaseline {
		return baseline{}, nil
	}
	at, places, err := keeper.Baseline(s.begin)
	if err != nil {
		return baseline{}, unreadLedger(s.begin, err)
	}
	found := baseline{known: !at.IsZero()}
	for _, place := range places {
		if number, ok := i.Scan.judge.layout.number(place); ok {
			found.existed.set(number)
		}
	}
	counts, _ := b.numbers()
	begun := counts.Imported + counts.Unchanged + counts.Failed + len(b.marks)
	if found.known || begun > 0 || i.Scan.Devices == 0 {
		return found, nil
	}
	ceiling, _ := quota.Ceiling(config.Limiters.Set(), p.fresh)
	pages, err := listThings(s, i.Scan.judge, baselineBudget(config.Limiters.Set(), ceiling, i.Scan.Devices), &found.existed, &places)
	switch {
	case err == nil:
		if err := keeper.RecordBaseline(context.WithoutCancel(s.begin), s.now(), places); err != nil {
			return baseline{}, &call.StopError{Code: call.StopLedger, Cause: err}
		}
		found.known = true
	case errors.Is(err, call.ErrEnded):
		return baseline{}, nil // no call that changes anything is made
	case errors.Is(err, errTooLong) && config.Limiters.Set().TPS(iot.DescribeThing) >= ceiling:
		found.lookUp = true
		p.fresh[iot.DescribeThing] = 1
		err = nil
	}
	s.events.send(Baseline{Pages: pages, Existed: len(places), Known: found.known || found.lookUp, Cause: err})
	return found, nil
}

var errTooLong = errors.New("the account has too many things to list")

// baselineBudget returns how many pages may be read.
func baselineBudget(set quota.Set, ceiling float64, devices int) int {
	pages := baselineShare * float64(devices) / ceiling * set.TPS(iot.ListThings)
	if math.IsNaN(pages) || pages > math.MaxInt32 {
		return math.MaxInt32
	}
	return max(int(pages), baselinePages)
}

// listThings reads the list of things, and notes the entries whose thing is in it.
func listThings(s *session, judge *Judge, most int, existed *bitset, places *[]ledger.Place) (pages int, err error) {
	ended, err := readPages(s, iot.ListThings, s.account.AWS.Things.ListThings, func(page []iot.Thing, more bool) bool {
		for _, thing := range page {
			if number, ok := judge.index.byThing(thing.Name); ok && !existed.has(number) {
				existed.set(number)
				*places = append(*places, judge.layout.place(number))
			}
		}
		if pages++; more {
			s.events.send(Baseline{Pages: pages, Existed: len(*places), Reading: true})
		}
		return pages < most
	})
	if err == nil && !ended {
		err = errTooLong
	}
	return pages, err
}
