package engine

import "errors"

// ErrInterrupted is what [Run], [Compare] and [Batch] return, wrapped, when
// their context ended before the work did.
var ErrInterrupted = errors.New("import interrupted")

// A BalanceError tells that the numbers of an import do not add up. It is a bug.
type BalanceError struct {
	Detail string
}

// Error tells what does not add up.
func (e *BalanceError) Error() string {
	return "the numbers of this import do not add up, which is a bug in Thingpress: " + e.Detail
}
