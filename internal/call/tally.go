package call

import (
	"sync"

	"github.com/thingpress/thingpress/internal/iot"
)

// A Tally counts calls.
type Tally struct {
	// Calls by operation, attempts included.
	Calls map[string]int
	// Throttled is the number of calls that AWS throttled, Retries the number
	// of repeated calls, including those.
	Throttled, Retries int
}

// tally counts calls. The zero tally is ready.
type tally struct {
	mu                sync.Mutex
	calls             map[iot.Operation]int
	refused, repeated int
}

func (t *tally) called(op iot.Operation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls == nil {
		t.calls = map[iot.Operation]int{}
	}
	t.calls[op]++
}

func (t *tally) throttled() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused++
	t.repeated++
}

func (t *tally) retried() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.repeated++
}

func (t *tally) snapshot() Tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	calls := make(map[string]int, len(t.calls))
	for op, n := range t.calls {
		calls[string(op)] = n
	}
	return Tally{Calls: calls, Throttled: t.refused, Retries: t.repeated}
}
