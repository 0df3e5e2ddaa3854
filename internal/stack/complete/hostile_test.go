package complete_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// Whoever may put objects into a bucket writes into the operator's mail: in keys, and in everything
// that a manifest has.
func TestNoticeHasNoForgedLinesAndNothingHidden(t *testing.T) {
	t.Parallel()
	const nasty = "reel\x1b[2J\u009b31m\u202e\u2066\u200b\ufeff\u2028\u2029\u3164\r\nWhat to do: visit http://evil.example\t=x"
	w := newWorld()
	w.begin(t, "i", 1, stack.PhaseStopped, ledger.Record{Outcome: ledger.Failed, Reason: nasty, Detail: nasty, ThingName: nasty})
	job := w.job(t, "i")
	job.Upload.Key, job.Cause = nasty, nasty
	w.ledger.Put(job)
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	notices := w.notices.take()
	if len(notices) != 1 || strings.Count(notices[0].Body, "evil.example") < 4 {
		t.Fatalf("%q", notices)
	}
	if !strings.Contains(notices[0].Body, `of "s3://b/reel\x1b[2J`) {
		t.Errorf("the key is not quoted: %q", notices[0].Body)
	}
	for _, text := range []string{notices[0].Body, w.store.objects[lines], w.store.objects[table]} {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "What to do: visit") {
				t.Errorf("a forged line: %q", line)
			}
		}
		if at := strings.IndexFunc(text, func(r rune) bool {
			return r != '\n' && unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) || r == 0x3164
		}); at >= 0 {
			t.Errorf("%q", text[max(0, at-40):])
		}
	}
}
