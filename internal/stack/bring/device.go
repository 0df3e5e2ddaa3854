package bring

import (
	"context"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A state is the state of a device in a batch.
type state int

const (
	pending    state = iota
	recorded         // its outcome is durable
	dropped          // its outcome was durable before
	handedBack       // it was sent again
	lost             // it could be neither recorded nor sent again: its message stays in the queue
)

// A device is one entry in a batch, with the messages that contain it.
type device struct {
	message stack.DeviceMessage
	device  manifest.Device
	ids     []string // of the messages; several if the queue delivered twice

	marked  time.Time // when it was first claimed
	created bool      // an earlier record has it that this import registered its certificate
	state   state
	outcome ledger.Outcome // once it is recorded
}

// A group holds the devices of one import in a batch.
type group struct {
	*batch
	importID string
	devices  []*device
	summary  engine.Summary
}

// groupByImport parses messages and keeps their order. Garbage are the IDs of those
// that hold no device.
func (i *Importer) groupByImport(ctx context.Context, messages []stack.Delivery) (groups []*group, garbage []string) {
	type entry struct {
		importID string
		entry    int
	}
	byImport, byEntry := map[string]*group{}, map[entry]*device{}
	for _, m := range messages {
		parsed, err := stack.ParseDeviceMessage(m.Body)
		var d manifest.Device
		if err == nil {
			d, err = parsed.Device()
		}
		if err != nil {
			i.Log.ErrorContext(ctx, "a message holds no device", "message_id", m.ID, "error", err.Error())
			garbage = append(garbage, m.ID)
			continue
		}
		key := entry{parsed.Import, parsed.Entry}
		if known := byEntry[key]; known != nil {
			known.ids = append(known.ids, m.ID)
			known.message.Attempt = max(known.message.Attempt, parsed.Attempt)
			continue
		}
		g := byImport[parsed.Import]
		if g == nil {
			g = &group{importID: parsed.Import}
			byImport[parsed.Import] = g
			groups = append(groups, g)
		}
		byEntry[key] = &device{message: parsed, device: d, ids: []string{m.ID}}
		g.devices = append(g.devices, byEntry[key])
	}
	return groups, garbage
}

// in returns the devices in a state.
func (g *group) in(s state) []*device {
	var found []*device
	for _, d := range g.devices {
		if d.state == s {
			found = append(found, d)
		}
	}
	return found
}

// failed returns the IDs of the messages that must not be acknowledged.
func (g *group) failed() []string {
	var ids []string
	for _, d := range g.devices {
		if d.state == lost || d.state == pending {
			ids = append(ids, d.ids...)
		}
	}
	return ids
}
