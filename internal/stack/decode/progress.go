package decode

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A progress is the checkpoint of a job: how far each phase has come.
type progress struct {
	// Ready is set after settings were read, and attachments and quotas checked. Published is set if
	// the settings ask for the signers that vendors have published.
	Ready     bool `json:"ready,omitempty"`
	Published bool `json:"published,omitempty"`
	// Hashed is the number of bytes in HashState, the marshalled SHA-256. SHA256 is
	// the result.
	Hashed    int64  `json:"hashed,omitempty"`
	HashState []byte `json:"hash_state,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	// Archive is set if the manifest is an archive, or in one, so that every invocation reads it from
	// the beginning.
	Archive bool `json:"archive,omitempty"`
	// Ceiling is the number of devices a second that the quotas allow.
	Ceiling float64 `json:"ceiling,omitempty"`
	// Check and Send are the two passes. Checked is set at the end of the first one.
	Check   pass `json:"check"`
	Checked bool `json:"checked,omitempty"`
	// Shared is what entries share. It is nil if that is not known, because the first pass
	// took several invocations, or the manifest is too large.
	Shared *stack.Shared `json:"shared,omitempty"`
	Send   pass          `json:"send"`
	// Again is set if the second pass must leave out entries that have an outcome. Passed
	// counts those, and Base is the number of outcomes when the pass began.
	Again  bool `json:"again,omitempty"`
	Passed int  `json:"passed,omitempty"`
	Base   int  `json:"base,omitempty"`
	// Fed is when the second pass last had to wait.
	Fed fed `json:"fed,omitzero"`
	// Idle counts the invocations in a row that reached their deadline without any
	// progress.
	Idle int `json:"idle,omitempty"`
}

// A pass is the progress of one pass over the manifest.
type pass struct {
	// Entries is the number of entries that were read, and so the index of the next
	// one. That begins at byte Offset, which is 0 if decoding cannot resume there.
	Entries int   `json:"entries"`
	Offset  int64 `json:"offset,omitempty"`
	// Rejected counts the rejected entries by reason.
	Rejected map[manifest.Reason]int `json:"rejected,omitempty"`
}

// A fed is the moment at which enough devices were in flight.
type fed struct {
	At time.Time `json:"at"`
	// Settled is the number of outcomes at that moment.
	Settled int `json:"settled"`
	// Due is when the message arrives that continues the job.
	Due time.Time `json:"due"`
}

// early reports whether another message continues the job later. It leaves room for clocks
// that do not agree, because the job would stand until a sweep if no message continued it.
func (f fed) early(now time.Time) bool {
	return f.Due.Sub(now) > min(time.Second, f.Due.Sub(f.At)/4)
}

// sent returns the number for [stack.Job.Sent].
func (p *progress) sent() int { return p.Send.Entries - p.Passed + p.Base }

// again begins the second pass again, when there are some outcomes.
func (p *progress) again(settled int) {
	p.Send, p.Again, p.Passed, p.Base, p.Fed, p.Idle = pass{}, true, 0, settled, fed{}, 0
}

// start returns where the pass resumes. It leaves the line unknown, because offsets
// lie before the blank lines and comments that precede an entry; the decoder counts
// the lines again.
func (p *pass) start() manifest.Position {
	return manifest.Position{Entry: p.Entries, Offset: p.Offset}
}

// count adds an entry.
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

// equal reports whether two passes saw the same entries.
func (p *pass) equal(other *pass) bool {
	return p.Entries == other.Entries && maps.Equal(p.Rejected, other.Rejected)
}

// rejected returns the number of rejected entries.
func (p *pass) rejected() int {
	n := 0
	for _, count := range p.Rejected {
		n += count
	}
	return n
}

// devices returns the number of entries that are devices.
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
