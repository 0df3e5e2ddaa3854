package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// created counts the steps that the ledger records as created by an import.
func created(records []ledger.Record) map[string]int {
	n := map[string]int{}
	for _, r := range records {
		for _, s := range r.Steps {
			if s.Created {
				n[s.Operation]++
			}
		}
	}
	return n
}

// An engine that is cancelled at any moment leaves the same as a kill: calls without a recorded
// outcome. In the end the ledger must know everything that was created, and every device must
// exist once.
func TestImportBrokenOffAnywhereIsResumedExactly(t *testing.T) {
	t.Parallel()
	const n = 200
	content := espressifManifest(t, n, "broken off")
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t, sandbox.Options{Faults: sandbox.Faults{Drop: 0.1, Error: 0.1, Seed: seed}}, nil).withSQLite()
			sources := w.sources(content)
			id := ""
			for range 4 {
				ctx, cancel := context.WithCancel(t.Context())
				abort, aborted := context.WithCancel(t.Context())
				left := atomic.Int64{}
				left.Store(int64(dice.IntN(n * 3)))
				_, again, err := w.run(sources, attempt{ctx: ctx, id: id, change: func(c *engine.Config, i *engine.Import) {
					c.Abort = abort
					c.AWS.Policies = tripwire{c.AWS.Policies, func() {
						if left.Add(-1) == 0 {
							aborted() // calls in flight are cancelled and not recorded
							cancel()
						}
					}}
					i.Journal = &deaf{Journal: i.Journal, ctx: abort}
				}})
				id = again
				cancel()
				aborted()
				if err == nil {
					break
				}
			}
			summary, _, err := w.run(sources, attempt{id: id})
			if err != nil {
				t.Fatalf("%v; %+v", err, summary.Failures)
			}
			if want := (ledger.Counts{Entries: n, Imported: n}); summary.Counts != want {
				t.Errorf("counts %+v, want %+v", summary.Counts, want)
			}
			records := w.records(id)
			server := w.server.Created()
			want := map[string]int{
				"RegisterCertificateWithoutCA": n, "AttachThingPrincipal": n, "AttachPolicy": 2 * n,
			}
			if diff := cmp.Diff(want, created(records)); diff != "" {
				t.Errorf("created according to the ledger: %s", diff)
			}
			for op, calls := range want {
				if server[op] != calls {
					t.Errorf("%s changed the server %d times, want %d", op, server[op], calls)
				}
			}
			if server["CreateThing"] != n {
				t.Errorf("%d things created", server["CreateThing"])
			}
		})
	}
}

// tripwire reports every policy that is about to be attached.
type tripwire struct {
	iot.Policies
	trip func()
}

func (p tripwire) AttachPolicy(ctx context.Context, policy, target string) error {
	p.trip()
	return p.Policies.AttachPolicy(ctx, policy, target)
}

// deaf is a journal that records nothing after the process died.
type deaf struct {
	ledger.Journal
	ctx context.Context
}

var errDead = errors.New("the process is dead")

func (d *deaf) Record(ctx context.Context, records []ledger.Record) error {
	if d.ctx.Err() != nil {
		return errDead
	}
	return d.Journal.Record(ctx, records)
}

func TestResumedImportCallsNothingForWhatIsDone(t *testing.T) {
	t.Parallel()
	const n = 2100 // more than two points at which reading can resume
	w := newWorld(t, sandbox.Options{}, nil).withSQLite()
	sources := w.sources(longManifest(t, n))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := atomic.Int64{}
	left.Store(1900 * 2)
	first, id, err := w.run(sources, attempt{ctx: ctx, change: func(c *engine.Config, i *engine.Import) {
		c.AWS.Policies = tripwire{c.AWS.Policies, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		}}
	}})
	if !errors.Is(err, engine.ErrInterrupted) {
		t.Fatalf("interrupted: %v", err)
	}
	if first.Pending == 0 || first.Counts.Imported+first.Pending != n {
		t.Fatalf("numbers of the interrupted run: %+v, %d pending", first.Counts, first.Pending)
	}
	i, err := w.ledger.Import(t.Context(), id)
	if err != nil || i.State != ledger.StateInterrupted {
		t.Errorf("the ledger says %v, %v", i.State, err)
	}
	second, _, err := w.run(sources, attempt{id: id})
	if err != nil {
		t.Fatal(err)
	}
	if want := (ledger.Counts{Entries: n, Imported: n}); second.Counts != want {
		t.Errorf("counts %+v, want %+v", second.Counts, want)
	}
	if second.Calls["RegisterCertificateWithoutCA"] != first.Pending {
		t.Errorf("%d certificates registered for %d pending devices", second.Calls["RegisterCertificateWithoutCA"], first.Pending)
	}
	if w.server.Created()["RegisterCertificateWithoutCA"] != n {
		t.Errorf("%v created at the server", w.server.Created())
	}
}
