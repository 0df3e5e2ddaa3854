package engine

import (
	"math"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// A stint decides for how long to read a list in pages rather than to look devices up one by
// one. How long the list is shows only at its end: an account may hold many more devices than a
// fleet has, in any order.
//
// Every page costs time, and every device that it shows saves the time of a look-up. Reading goes
// on while the pages since the last useful one have cost less than looking up the devices that are
// left. So the whole takes less than twice as long as the faster of the two ways.
type stint struct {
	// page and single are the seconds that a page and a look-up take.
	page, single float64
	// unseen is the number of devices that the list has not shown yet.
	unseen int
	// allowance, if above 0, replaces the comparison with look-ups: seconds that all pages of all lists may take.
	allowance float64

	spent, deficit float64
}

// fastest stands for an operation without quota, in calls per second.
const fastest = 1000

// newStint returns the stint for a list of an operation that saves calls of another.
func newStint(set quota.Set, list, single iot.Operation, devices int) stint {
	seconds := func(op iot.Operation) float64 { return 1 / math.Min(set.TPS(op), fastest) }
	return stint{page: seconds(list), single: seconds(single), unseen: devices}
}

// begin begins with another list of the same operation. The allowance is for all of them.
func (p *stint) begin(devices int) { p.unseen, p.deficit = devices, 0 }

// turn takes the number of devices that a page has shown for the first time, and reports whether
// to read another page.
func (p *stint) turn(seen int) bool {
	p.unseen -= seen
	p.spent += p.page
	p.deficit = math.Max(0, p.deficit+p.page-float64(seen)*p.single)
	switch {
	case p.unseen <= 0:
		return false
	case p.allowance > 0:
		return p.spent+p.page <= p.allowance
	}
	return p.deficit < float64(p.unseen)*p.single
}
