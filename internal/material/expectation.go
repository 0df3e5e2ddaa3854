package material

import (
	"bufio"
	"encoding/json"
	"io"
)

// An Expectation says what must become of one entry when the manifest is
// imported for the first time, into an account that has none of its devices.
type Expectation struct {
	// Entry is the position in the manifest.
	Entry int `json:"entry"`
	// Outcome is "device", "rejected" or "skipped".
	Outcome string `json:"outcome"`
	// Reason is the code of a rejected entry.
	Reason string `json:"reason,omitempty"`
}

// What an [Expectation] may expect.
const (
	ExpectDevice   = "device"
	ExpectRejected = "rejected"
	ExpectSkipped  = "skipped"
)

// expectations writes them as JSON Lines, or nowhere.
type expectations struct {
	buffer  *bufio.Writer
	encoder *json.Encoder
}

func newExpectations(w io.Writer) *expectations {
	if w == nil {
		w = io.Discard
	}
	buffer := bufio.NewWriter(w)
	return &expectations{buffer, json.NewEncoder(buffer)}
}

func (e *expectations) write(x Expectation) error { return e.encoder.Encode(x) }
func (e *expectations) flush() error              { return e.buffer.Flush() }
