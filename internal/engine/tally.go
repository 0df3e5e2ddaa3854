package engine

import (
	"sync"

	"github.com/thingpress/thingpress/internal/iot"
)

// A tally counts calls. Its methods are safe for concurrent use.
type tally struct {
	mu    sync.Mutex
	calls map[iot.Operation]int
	over  int // throttled
	again int // retries, throttled ones included
}

func newTally() *tally { return &tally{calls: map[iot.Operation]int{}} }

func (t *tally) called(op iot.Operation) {
	t.mu.Lock()
	t.calls[op]++
	t.mu.Unlock()
}

func (t *tally) throttled() {
	t.mu.Lock()
	t.over++
	t.again++
	t.mu.Unlock()
}

func (t *tally) retried() {
	t.mu.Lock()
	t.again++
	t.mu.Unlock()
}

// snapshot returns the numbers so far.
func (t *tally) snapshot() (calls map[string]int, throttled, retries int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	calls = make(map[string]int, len(t.calls))
	for op, n := range t.calls {
		calls[string(op)] = n
	}
	return calls, t.over, t.again
}
