package decode

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/thingpress/thingpress/manifest"
)

// A progress is the checkpoint of a job: how far its phases have come.
type progress struct {
	// Ready is set once attachments and parameters were looked at.
	Ready bool `json:"ready,omitempty"`
	// Hashed is how many bytes went into HashState, the marshalled SHA-256,
	// and SHA256 the result.
	Hashed    int64  `json:"hashed,omitempty"`
	HashState []byte `json:"hash_state,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	// Check and Send are the two passes.
	Check pass `json:"check"`
	Send  pass `json:"send"`
	// Idle counts invocations in a row that came to their deadline without
	// having come any further.
	Idle int `json:"idle,omitempty"`
}

// A pass is how far one pass over the manifest has come.
type pass struct {
	// Entries were read; the next one has that index, and begins at byte
	// Offset, 0 if the format cannot be entered there.
	Entries int   `json:"entries"`
	Offset  int64 `json:"offset,omitempty"`
	// Rejected are those of Entries that are, by reason.
	Rejected map[manifest.Reason]int `json:"rejected,omitempty"`
}

// start is where the pass goes on. The line is left unknown: offsets lie
// before the blank lines and comments that precede an entry, and the number
// of its line is that of the entry itself. Lines are counted again.
func (p *pass) start() manifest.Position {
	return manifest.Position{Entry: p.Entries, Offset: p.Offset}
}

// count counts an entry.
func (p *pass) count(e *entry) {
	p.Entries++
	p.Offset = e.device.End
	if e.rejected != nil {
		p.Offset = e.rejected.End
		if p.Rejected == nil {
			p.Rejected = map[manifest.Reason]int{}
		}
		p.Rejected[e.rejected.Reason]++
	}
}

// clone returns an independent copy.
func (p *pass) clone() pass {
	c := *p
	c.Rejected = maps.Clone(p.Rejected)
	return c
}

// equal reports whether two passes saw the same.
func (p *pass) equal(other *pass) bool {
	return p.Entries == other.Entries && maps.Equal(p.Rejected, other.Rejected)
}

// rejected is how many entries were.
func (p *pass) rejected() int {
	n := 0
	for _, count := range p.Rejected {
		n += count
	}
	return n
}

// devices is how many entries are devices.
func (p *pass) devices() int { return p.Entries - p.rejected() }

func readProgress(text []byte) (progress, error) {
	var p progress
	if len(text) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("checkpoint: %w", err)
	}
	return p, nil
}

// beyond reports whether p has come further than an earlier progress.
func (p *progress) beyond(earlier *progress) bool {
	return p.Ready != earlier.Ready || p.Hashed > earlier.Hashed || p.SHA256 != earlier.SHA256 ||
		p.Check.Entries > earlier.Check.Entries || p.Send.Entries > earlier.Send.Entries
}
