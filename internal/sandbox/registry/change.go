package registry

// A Change is one change of the state, as it is kept and as it is applied: what a running sandbox does and what opening a state file
// does is the same function of it. With its sequence number and time it holds everything that was decided, so that applying it
// decides nothing.
type Change interface {
	// apply reports whether the change fits the state; it must change nothing if it does not.
	apply(st *State, at stamp) bool
}

// named is a change that says a name only.
type named struct {
	Name string `json:"name"`
}

// stamp is the sequence number and the time of a change.
type stamp struct {
	seq uint64
	at  int64 // Unix milliseconds
}
