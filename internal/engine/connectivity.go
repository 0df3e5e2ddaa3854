package engine

import (
	"context"
	"errors"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
)

// A Connected is what the fleet index knows of one device.
type Connected struct {
	iot.Connection
	// Known reports whether the index has the thing.
	Known bool
	// Seen reports whether the device has been connected since indexing began.
	Seen bool
	// Unread is why the index could not be read for the thing; nil if it was.
	Unread *device.FailedError
}

// State returns connected, disconnected, never-connected, unknown if the index has no thing, or unread.
func (c Connected) State() string {
	switch {
	case c.Unread != nil:
		return "unread"
	case c.Connected:
		return "connected"
	case c.Seen:
		return "disconnected"
	case c.Known:
		return "never-connected"
	}
	return "unknown"
}

// Connections counts devices by what the fleet index knows of them.
type Connections struct {
	// Devices = Seen + Never + Unknown + Unread. Connected of those that were seen are connected now.
	// Never have not been connected since indexing began, of Unknown the index has no thing, and for
	// Unread it could not be read.
	Devices, Seen, Connected, Never, Unknown, Unread int
	// Made are the calls, Took is how long it took.
	Made map[string]int
	Took time.Duration
}

// ConnectivityIndexed reports whether fleet indexing keeps the connectivity of things. Its errors are those
// of [Verify].
func ConnectivityIndexed(ctx context.Context, config Config, index iot.Connectivity) (indexed bool, err error) {
	s := config.open(ctx)
	defer s.close()
	_, err = s.caller.Do(iot.GetIndexingConfiguration, func(ctx context.Context) (err error) {
		indexed, err = index.GetIndexingConfiguration(ctx)
		return err
	})
	return indexed, err
}

// bitOnline is the bit of a snapshot for a device that the index has shown to have been connected.
const bitOnline = 1

// FindConnected finds out which devices have been connected, and calls found for each, one at a time. It
// reads the index in pages or thing by thing, whichever takes less time. AWS knows only devices whose
// client ID is the name of their thing. Its errors are those of [Verify].
func FindConnected(ctx context.Context, config Config, fleet *Fleet, index iot.Connectivity, found func(Connected)) (Connections, error) {
	config.Settings = fleet.Settings
	s := config.open(ctx)
	defer s.close()
	e := newExamination(s, Verifying{Fleet: fleet})
	r := newRoll(s, fleet, nil, 0)
	counts := Connections{}
	var trust device.Trust
	tell := func(c Connected) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.done++
		counts.add(c)
		found(c)
	}
	query := "thingName:*"
	// Entries that replace the groups of the import may have taken their devices out of this one.
	everyone := fleet.Settings.Rows != device.RowsReplace || len(fleet.variants.list) == 0
	if groups := fleet.Settings.Attachments.ThingGroups; len(groups) > 0 && everyone {
		query = `thingGroupNames:"` + groups[0] + `"`
	}
	p := newStint(s.limits, iot.SearchIndex, iot.GetThingConnectivityData, fleet.Devices)
	readPart(r, &p, iot.SearchIndex, func(ctx context.Context, token string) ([]iot.Connection, string, error) {
		return index.SearchIndex(ctx, query, token)
	}, func(c iot.Connection) bool {
		number, ok := r.index.byThing(c.Thing)
		// The index forgets the time about an hour after a device disconnected.
		if !ok || !wasConnected(c) || r.bits[number].Or(bitOnline)&bitOnline != 0 {
			return false
		}
		tell(Connected{Connection: c, Known: true, Seen: true})
		return true
	})
	open := func(yield func(*task, error) bool) {
		for t, err := range fleet.tasks(s.begin) {
			if err == nil && r.bits[t.number].Load()&bitOnline != 0 {
				continue
			}
			if !yield(t, err) {
				return
			}
		}
	}
	type answer struct {
		Connected
		looked bool
		err    error
	}
	runPipeline(s, received(readAhead(s, open)), func(t *task, runner *device.Runner) (a answer) {
		a.Thing = t.thing.Name
		if a.looked = !trust.BelievesAfter(believeAfter); a.looked {
			a.Connected, a.err = lookUpConnection(index, t.thing.Name, runner.Do)
		}
		return a
	}, func(_ *task, a answer) {
		s.haltOnStop(a.err)
		switch {
		case errors.As(a.err, &a.Unread):
		case a.err != nil:
			return
		case !a.looked:
			a.Known = true
		case a.Known:
			trust.Learn(!a.Seen)
		}
		tell(a.Connected)
	}, func(time.Time) {
		rate := s.caller.Rate(iot.GetThingConnectivityData)
		s.window.fit(rate)
		s.events.send(e.progress(rate, iot.GetThingConnectivityData))
	})
	counts.Made, counts.Took = s.caller.Tally().Calls, time.Since(e.started)
	return counts, compareError(ctx, s)
}

func wasConnected(c iot.Connection) bool { return c.Connected || !c.At.IsZero() }

// lookUpConnection asks the index for one thing.
func lookUpConnection(index iot.Connectivity, thing string, do device.Stage) (c Connected, err error) {
	c.Thing = thing
	err = do(device.Step{Operation: iot.GetThingConnectivityData, Do: func(caller *call.Caller) (call.Result, error) {
		result, err := caller.Do(iot.GetThingConnectivityData, func(ctx context.Context) error {
			found, err := index.GetThingConnectivityData(ctx, thing)
			if err == nil {
				c = Connected{Connection: found, Known: true, Seen: wasConnected(found)}
			}
			return err
		})
		if iot.ClassOf(err) == iot.ClassNotFound {
			err = nil
		}
		return result, err
	}})
	return c, device.FailureOf(err)
}

func (n *Connections) add(c Connected) {
	n.Devices++
	switch {
	case c.Unread != nil:
		n.Unread++
	case c.Seen:
		n.Seen++
		if c.Connected {
			n.Connected++
		}
	case c.Known:
		n.Never++
	default:
		n.Unknown++
	}
}
