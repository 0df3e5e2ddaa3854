package ledger

import (
	"fmt"
	"slices"
)

// Next returns the states to which an import in state s may change. State "" is that of an
// import that does not exist yet. docs/lifecycle.md describes who makes each change.
func (s State) Next() []State { return nextStates[s] }

var nextStates = map[State][]State{
	"":               {StateRunning},
	StateRunning:     {StateRunning, StateInterrupted, StateStopped, StateFinished},
	StateInterrupted: {StateRunning},
	StateStopped:     {StateRunning},
	StateFinished:    {StateRunning},
}

// Next returns the outcomes that may follow o in later runs of the same import. Outcome "" is
// that of an entry without a record. docs/lifecycle.md describes who records each.
func (o Outcome) Next() []Outcome { return nextOutcomes[o] }

// NextLater returns the outcomes that may follow o in later runs of the same later command.
func (o Outcome) NextLater() []Outcome {
	switch o {
	case "", Failed, Kept, Rejected:
		return LaterOutcomes()
	}
	return nil
}

var nextOutcomes = map[Outcome][]Outcome{
	"":        {Imported, Unchanged, Failed, Rejected, Skipped},
	Failed:    {Imported, Unchanged, Failed, Rejected, Skipped},
	Rejected:  {Imported, Unchanged, Failed, Rejected, Skipped},
	Imported:  nil,
	Unchanged: nil,
	Skipped:   nil,
}

// Stands reports whether a resumed import or later command skips the entry. It checks rejected and
// kept entries again and retries failed ones.
func (o Outcome) Stands() bool { return o != "" && len(o.Next()) == 0 && len(o.NextLater()) == 0 }

// Check returns an error if no run can end in this state.
func (e End) Check() error {
	if e.State == StateRunning || !slices.Contains(StateRunning.Next(), e.State) {
		return fmt.Errorf("ledger: an import cannot end in state %q", e.State)
	}
	return nil
}
