package device

import "sync"

// A Trust decides whether lists can be believed about what they do not show. Lists lag, so what
// they do not show is looked up until the look-ups have confirmed it often enough. Its methods are
// safe for concurrent use; the zero value is ready to use.
type Trust struct {
	mu     sync.Mutex
	agreed int
	wrong  bool
}

// TrustAfter is how many look-ups must agree with the lists before they are believed.
const TrustAfter = 100

// Believes reports whether all look-ups agreed with the lists, and there were enough of them.
func (t *Trust) Believes() bool { return t.BelievesAfter(TrustAfter) }

// BelievesAfter is like [Trust.Believes] for another number of look-ups.
func (t *Trust) BelievesAfter(lookUps int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.wrong && t.agreed >= lookUps
}

// Learn records whether a look-up agreed with the lists.
func (t *Trust) Learn(agrees bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if agrees {
		t.agreed++
	} else {
		t.wrong = true
	}
}
