package sandbox

import (
	"maps"
	"sync"
)

// counters counts calls by operation.
type counters struct {
	mu sync.Mutex
	by map[string]int
}

func newCounters() *counters { return &counters{by: map[string]int{}} }

func (c *counters) add(op string) {
	c.mu.Lock()
	c.by[op]++
	c.mu.Unlock()
}

func (c *counters) copy() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.by)
}
