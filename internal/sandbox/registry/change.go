package registry

// A Change is one change of the state, in the form that is both written to the file and
// applied. A running sandbox and one that opens a state file apply the same changes. Together
// with its sequence number and time a change contains every decision, so that applying it
// decides nothing.
type Change interface {
	// apply applies the change and reports whether it fits the state. If it does not, apply
	// must change nothing.
	apply(st *State, at stamp) bool
}

// named is a change that has only a name.
type named struct {
	Name string `json:"name"`
}

// stamp contains the sequence number and the time of a change.
type stamp struct {
	seq uint64
	at  int64 // Unix milliseconds
}
