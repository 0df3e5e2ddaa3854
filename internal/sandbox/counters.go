package sandbox

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// counters counts calls by operation.
type counters struct {
	mu      sync.Mutex
	by      map[string]int
	refused atomic.Int64
}

func newCounters() *counters { return &counters{by: map[string]int{}} }

func (c *counters) add(operation string) {
	c.mu.Lock()
	c.by[operation]++
	c.mu.Unlock()
}

// Calls is how often each operation was called since the start, refused and
// failed calls included.
func (s *Server) Calls() map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return maps.Clone(s.calls.by)
}

// Throttled is how many calls were answered with ThrottlingException.
func (s *Server) Throttled() int { return int(s.calls.refused.Load()) }

// requests makes request IDs, which have to differ and need no secrecy.
type requests struct{ count atomic.Uint64 }

func (r *requests) next() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.count.Add(1))
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
