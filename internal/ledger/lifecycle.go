package ledger

import (
	"fmt"
	"slices"
)

// Next returns the states to which an import in state s may change; from ""
// it begins. docs/lifecycle.md describes who makes each change.
func (s State) Next() []State { return nextStates[s] }

var nextStates = map[State][]State{
	"":               {StateRunning},
	StateRunning:     {StateRunning, StateInterrupted, StateStopped, StateFinished},
	StateInterrupted: {StateRunning},
	StateStopped:     {StateRunning},
	StateFinished:    {StateRunning},
}

// Next returns the outcomes that may follow o in later runs of the same import;
// those of "" may follow for an entry that has none yet. docs/lifecycle.md
// describes who records each.
func (o Outcome) Next() []Outcome { return nextOutcomes[o] }

var nextOutcomes = map[Outcome][]Outcome{
	"":        {Imported, Unchanged, Failed, Rejected, Skipped},
	Failed:    {Imported, Unchanged, Failed, Rejected, Skipped},
	Rejected:  {Imported, Unchanged, Failed, Rejected, Skipped},
	Imported:  nil,
	Unchanged: nil,
	Skipped:   nil,
}

// Stands reports whether a resumed import leaves the entry alone. It judges
// rejected entries and tries failed ones again.
func (o Outcome) Stands() bool { return o != "" && len(o.Next()) == 0 }

// Check returns an error if no run can end like this.
func (e End) Check() error {
	if e.State == StateRunning || !slices.Contains(StateRunning.Next(), e.State) {
		return fmt.Errorf("ledger: an import cannot end in state %q", e.State)
	}
	return nil
}
