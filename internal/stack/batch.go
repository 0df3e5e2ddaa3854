package stack

import (
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/quota"
)

const (
	// batchTime is how long an importer should work on a batch: half of its timeout, so
	// that throttling does not make it hand devices back.
	batchTime = time.Minute
	// LeastBatch is the least number of messages in a batch.
	LeastBatch = 10
	// MostBatch is the maximum. That many are well within the 6 MB of an event, and few
	// enough that all importers together do not have everything that the decoder lets be in
	// flight.
	MostBatch = 1000
)

// BatchSize returns how many devices the event source of the importers should put into a
// batch: those that one of them imports in a minute with its part of the quotas.
func BatchSize(quotas quota.Set, importers int, a device.Attachments) int {
	ceiling, _ := quota.Ceiling(quotas, quota.FreshPath(quotas, len(a.Policies), len(a.ThingGroups)))
	return int(min(max(ceiling*batchTime.Seconds()/float64(max(importers, 1)), LeastBatch), MostBatch))
}
