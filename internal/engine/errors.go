package engine

import "errors"

// ErrInterrupted is wrapped by the error of [Run], [Compare] and [Batch] if their
// context ended before the work was done.
var ErrInterrupted = errors.New("import interrupted")

// A BalanceError is a bug: the numbers of an import do not add up.
type BalanceError struct {
	Detail string
}

// Error names the numbers that do not add up.
func (e *BalanceError) Error() string {
	return "the numbers of this import do not add up, which is a bug in Thingpress: " + e.Detail
}
