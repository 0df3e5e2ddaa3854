package stack

import (
	"fmt"
	"slices"
	"time"
)

// Kinds of an [Order].
const (
	OrderPause  = "pause"  // nothing more is sent or imported until the import is resumed
	OrderCancel = "cancel" // the import is stopped
	OrderResume = "resume" // a paused import goes on
	OrderRetry  = "retry"  // an import that has ended tries again what failed or is pending
	OrderResend = "resend" // the sweep has found that messages of pending entries are lost
)

// An Order is what an operator, or the sweep, wants of an import. Pause and cancel
// stand until another order replaces them. The decoder carries out the others under
// the lease of the job, and then erases them.
type Order struct {
	Kind string `json:"kind"`
	// By is the ARN of the operator; empty if unknown.
	By string    `json:"by,omitempty"`
	At time.Time `json:"at"`
}

// nextOrders are the orders that may replace an order; "" stands for none, which is
// also what remains after the decoder has carried one out. docs/lifecycle.md
// describes who gives them.
var nextOrders = map[string][]string{
	"":          {OrderPause, OrderCancel, OrderRetry, OrderResend},
	OrderPause:  {OrderPause, OrderCancel, OrderResume, OrderRetry},
	OrderCancel: {OrderCancel, OrderRetry},
	OrderResume: {OrderResume, OrderPause, OrderCancel},
	OrderRetry:  {OrderRetry, OrderCancel},
	OrderResend: {OrderPause, OrderCancel},
}

// NextOrders returns the kinds of orders that may replace an order of a kind.
func NextOrders(kind string) []string { return nextOrders[kind] }

// An OrderError is returned for an order that an import cannot be given.
type OrderError struct {
	Import string
	// Kind is the kind of the order, Standing that of the order that the import has; empty for none.
	Kind, Standing string
	Phase          string
}

// Error returns why the order cannot be given.
func (e *OrderError) Error() string {
	why := "it has ended"
	switch {
	case e.Standing == OrderCancel:
		why = "it is cancelled"
	case e.Kind == OrderRetry && (e.Standing == "" || e.Standing == OrderRetry):
		why = "it has not ended"
	case e.Standing == OrderPause && e.Kind == OrderResume: // it was paused too late
	case e.Standing == OrderPause:
		why = "it is paused"
	case e.Standing != "":
		why = fmt.Sprintf("it is to %s", e.Standing)
	case e.Kind == OrderResume:
		why = "it is not paused"
	}
	return fmt.Sprintf("import %s: cannot %s: %s", e.Import, e.Kind, why)
}

// CheckOrder returns an [*OrderError] if the job cannot be given an order of a kind.
func (j *Job) CheckOrder(kind string) error {
	fits := !j.Ended()
	switch {
	case kind == OrderRetry:
		fits = j.Ended() || j.Order.Kind == OrderCancel || j.Order.Kind == OrderRetry
	case kind == OrderCancel && j.Order.Kind != "":
		fits = true // a retry that has not begun, or a repetition
	case kind == OrderResend:
		fits = j.Phase == PhaseSend || j.Phase == PhaseSent
	}
	if !fits || !slices.Contains(nextOrders[j.Order.Kind], kind) {
		return &OrderError{Import: j.Import, Kind: kind, Standing: j.Order.Kind, Phase: j.Phase}
	}
	return nil
}

// Paused reports whether an operator has paused the import. An import that ended all the
// same, because the order came too late, is not paused.
func (j *Job) Paused() bool { return j.Order.Kind == OrderPause && !j.Ended() }

// Cancelled reports whether an operator has cancelled the import. An import that finished
// all the same, because the order came too late, is not cancelled.
func (j *Job) Cancelled() bool { return j.Order.Kind == OrderCancel && (!j.Ended() || j.Stopped()) }

// Held reports whether an operator does not want any more devices of the import to be
// imported. Messages of its devices are dropped. They are sent again if the import is
// resumed or retried.
func (j *Job) Held() bool { return j.Paused() || j.Cancelled() }
