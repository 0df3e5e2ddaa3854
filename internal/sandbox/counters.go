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
	refused atomic.Int64 // for exceeding a rate
}

func newCounters() *counters { return &counters{by: map[string]int{}} }

func (c *counters) add(operation string) {
	c.mu.Lock()
	c.by[operation]++
	c.mu.Unlock()
}

func (c *counters) copy() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.by)
}

// Calls is how often each operation was called since the start, refused and
// failed calls included.
func (s *Server) Calls() map[string]int { return s.calls.copy() }

// Created is how many calls of each operation changed the state since the start:
// those that found done what they asked for, and those that failed, are left out.
func (s *Server) Created() map[string]int { return s.changes.copy() }

// Throttled is how many calls were answered with ThrottlingException.
func (s *Server) Throttled() int { return int(s.calls.refused.Load()) }

// requests makes request IDs, which have to differ and need no secrecy.
type requests struct{ count atomic.Uint64 }

func (r *requests) next() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], rand.Uint64()) //nolint:gosec // request IDs are no secret
	binary.BigEndian.PutUint64(id[8:], r.count.Add(1))
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
