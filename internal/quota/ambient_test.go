package quota

import "testing"

// A share of which chance had made too much was forgotten again and again, and each time it had to
// be learned anew at half of the rate.
func TestShareOfFewAnswersOutlivesARunOfAcceptedCalls(t *testing.T) {
	t.Parallel()
	var a ambient
	if a.age(false) {
		t.Error("nothing was forgotten")
	}
	a.add(55, 5) // 8 %; the true share may be 5 %, at which 100 accepted calls in a row happen every few minutes
	for run := 1; ; run++ {
		if a.age(false) {
			if run < 150 || run > 300 {
				t.Errorf("forgotten after %d accepted calls in a row", run)
			}
			break
		}
	}
	if a.share() != 0 {
		t.Errorf("share %g after it was forgotten", a.share())
	}
}
