package jobtable_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// undoing returns the job of a command over imports.
func undoing(id string, of ...string) stack.Job {
	return stack.Job{Import: id, Command: &stack.Command{Verb: stack.VerbUndo, Of: of}, Phase: stack.PhaseWork}
}

// end ends a command as its function does.
func end(t *testing.T, l *jobtable.Store, id string) {
	t.Helper()
	job, err := l.Get(t.Context(), id)
	check(t, err)
	lease, err := l.Lease(t.Context(), id, "keeper", time.Now().Add(time.Hour))
	check(t, err)
	job.Phase = stack.PhaseDone
	check(t, l.Save(t.Context(), lease, job))
	check(t, l.Release(t.Context(), lease))
}

// refusedFor checks that err names a command that is at work.
func refusedFor(t *testing.T, err error, command string) {
	t.Helper()
	var running *stack.RunningError
	if !errors.As(err, &running) || running.Command != command || running.Verb != stack.VerbUndo {
		t.Errorf("error %v, want that %s is at work", err, command)
	}
}

// Two programs that change the same devices at the same time would find each other's work half done.
func commandRaces(t *testing.T, x *dynamodbtest.Table) {
	imports := [2][]string{{"a", "b"}, {"b", "c"}} // import b is of all of them
	var winner atomic.Value
	var refused sync.Map
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			id := fmt.Sprint("command-", n)
			switch err := open(x, table.Options{}).Command(t.Context(), undoing(id, imports[n%2]...)); {
			case err != nil:
				refused.Store(id, err)
			case !winner.CompareAndSwap(nil, id):
				t.Errorf("%s and %s have both begun", id, winner.Load())
			}
		})
	}
	all.Wait()
	won, _ := winner.Load().(string)
	refused.Range(func(_, err any) bool {
		refusedFor(t, err.(error), won)
		return true
	})
	l := open(x, table.Options{})
	same(t, ids(t, l.Open(t.Context())), []string{won})
	end(t, l, won)
	check(t, l.Command(t.Context(), undoing("next", "a", "b", "c")))
	refusedFor(t, l.Command(t.Context(), undoing("too early", "c")), "next")
	check(t, l.Command(t.Context(), undoing("elsewhere", "d")))
	check(t, l.Command(t.Context(), stack.Job{ // it changes nothing
		Import: "reads", Command: &stack.Command{Verb: stack.VerbVerify, Of: []string{"c"}}, Phase: stack.PhaseWork,
	}))
}

// A command that is opened again is at work from that moment on, although its function does not know it yet.
func openedAgainIsAtWork(t *testing.T, x *dynamodbtest.Table) {
	l, ctx := open(x, table.Options{}), t.Context()
	retry := stack.Order{Kind: stack.OrderRetry, At: dynamodbtest.Began}
	check(t, l.Command(ctx, undoing("first", "a")))
	end(t, l, "first")

	// Somebody opens the first one again, between the look of the second one and its transaction.
	p := x.Proxy()
	p.Before = func(operation string) error {
		if operation == "TransactWriteItems" && p.Calls[operation] == 1 {
			_, err := l.SetOrder(ctx, "first", retry)
			check(t, err)
		}
		return nil
	}
	refusedFor(t, through(x, p).Command(ctx, undoing("second", "a")), "first")
	same(t, p.Calls["TransactWriteItems"], 1)
	check(t, l.FinishOrder(ctx, "first", retry))

	// The other way round.
	p = x.Proxy()
	p.Before = func(operation string) error {
		if operation == "TransactWriteItems" && p.Calls[operation] == 1 {
			check(t, l.Command(ctx, undoing("third", "a")))
		}
		return nil
	}
	_, err := through(x, p).SetOrder(ctx, "first", retry)
	refusedFor(t, err, "third")
	got, err := l.Get(ctx, "first")
	check(t, err)
	same(t, got.Order, stack.Order{})

	end(t, l, "third")
	ordered, err := l.SetOrder(ctx, "first", retry)
	check(t, err)
	same(t, ordered.Order, retry)
	refusedFor(t, l.Command(ctx, undoing("fourth", "a")), "first")
	_, err = l.SetOrder(ctx, "third", retry)
	refusedFor(t, err, "first")
}
