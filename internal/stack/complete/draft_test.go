package complete_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
)

// slowRecords takes twelve seconds for a thousand records.
type slowRecords struct{ *memoryledger.Ledger }

func (s slowRecords) RecordsFrom(ctx context.Context, id string, from ledger.Place) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for r, err := range s.Ledger.RecordsFrom(ctx, id, from) {
			time.Sleep(12 * time.Millisecond)
			if err == nil {
				err = ctx.Err()
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

const manyEntries = 12_000

// large returns a world with an import whose report takes 144 seconds.
func large(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	records := make([]ledger.Record, manyEntries)
	for n := range records {
		records[n] = good
		records[n].Detail = strings.Repeat("x", 1000)
		if n%1000 == 7 {
			records[n] = bad
		}
	}
	w.begin(t, "i", manyEntries, stack.PhaseSent, records...)
	return w
}

// invoke completes the import in invocations of a minute and a half each, and returns their number.
// Each may fail and is then made again.
func (w *world) invoke(t *testing.T, between func(invocation int)) (invocations int) {
	t.Helper()
	todo := []stack.Task{task("i")}
	for len(todo) > 0 {
		if invocations++; invocations > 30 {
			t.Fatal("it never ends")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		err := w.Complete(ctx, todo[0])
		cancel()
		if err == nil {
			todo = todo[1:]
		} else if !errors.Is(err, errBusy) {
			t.Fatal(err)
		}
		for _, m := range w.tasks.take() {
			next, ok, err := stack.ParseTask(m.Body)
			if err != nil || !ok || len(m.Body) > 200<<10 {
				t.Fatalf("a task of %d bytes: %v", len(m.Body), err)
			}
			todo = append(todo, next)
			time.Sleep(m.Delay)
		}
		between(invocations)
	}
	return invocations
}

// The report of a manifest of any size must fit the time of the function.
func TestAReportIsWrittenByAsManyInvocationsAsItTakes(t *testing.T) {
	t.Parallel()
	whole := large(t)
	if err := whole.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	// There is time for a page only if the rest took one invocation.
	told, found := whole.notices.take()[0].Body, whole.store.objects[page]
	if !strings.Contains(found, "11,988") || !strings.Contains(told, "  s3://"+page+"\n") {
		t.Errorf("%d bytes of the page\n%s", len(found), told)
	}
	told = strings.Replace(told, "  s3://"+page+"\n", "", 1)
	for _, test := range []struct {
		name    string
		between func(w *world) func(invocation int)
	}{
		{"undisturbed", func(*world) func(int) { return func(int) {} }},
		{"the second invocation fails in the middle", func(w *world) func(int) {
			return func(invocation int) {
				calls := 0
				w.store.fault = func() error {
					if calls++; invocation == 1 && calls == 2 {
						return errBusy
					}
					return nil
				}
			}
		}},
		{"the parts are deleted meanwhile", func(w *world) func(int) {
			return func(invocation int) {
				if invocation == 2 {
					clear(w.store.uploads)
				}
			}
		}},
		{"a device is retried meanwhile", func(w *world) func(int) {
			return func(invocation int) {
				if invocation > 2 {
					return
				}
				j, err := w.ledger.Resume(t.Context(), "i")
				if err != nil {
					t.Fatal(err)
				}
				r := bad
				if invocation == 2 { // its first outcome again
					r = good
					r.Detail = strings.Repeat("x", 1000)
				}
				if err := j.Record(t.Context(), []ledger.Record{r}); err != nil {
					t.Fatal(err)
				}
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := large(t)
				w.Records = slowRecords{w.ledger}
				if n := w.invoke(t, test.between(w)); n < 3 {
					t.Errorf("%d invocations", n)
				}
				for _, key := range []string{lines, table} {
					if w.store.objects[key] != whole.store.objects[key] {
						t.Errorf("%s: %d bytes, want the %d that one invocation writes", key, len(w.store.objects[key]), len(whole.store.objects[key]))
					}
				}
				if notices := w.notices.take(); len(notices) != 1 || notices[0].Body != told {
					t.Errorf("notices: %v\nwant\n%s", notices, told)
				}
				if len(w.store.uploads) > 0 {
					t.Errorf("%d uploads are left over", len(w.store.uploads))
				}
			})
		})
	}
}
