package memoryledger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
	"github.com/thingpress/thingpress/manifest"
)

// A store is the interface of both ledgers.
type store interface {
	stack.Ledger
	stack.Jobs
	stack.Orders
	stack.Leases
	stack.Claims
	stack.Reopener
	Records(ctx context.Context, id string) iter.Seq2[ledger.Record, error]
}

// The tests of the functions are meaningful only if this ledger behaves like the real one.
func TestTheLedgerInMemoryAnswersAsDynamoDBDoes(t *testing.T) {
	t.Parallel()
	client := dynamodbtest.Client(t)
	dynamodbtest.CreateTable(t, client, "same")
	if diff := cmp.Diff(script(t, dynamodbtest.OpenDatabase(client, "same")), script(t, memoryledger.New())); diff != "" {
		t.Errorf("-DynamoDB +memory:\n%s", diff)
	}
}

// script calls everything that the functions call, and records the answers.
func script(t *testing.T, s store) (answers []string) {
	t.Helper()
	ctx := t.Context()
	note := func(what string, values ...any) {
		for i, v := range values {
			if err, ok := v.(error); ok {
				var leased *stack.LeasedError
				values[i] = fmt.Sprint("error: ", errors.Is(err, ledger.ErrNotFound), errors.Is(err, stack.ErrFenced), errors.As(err, &leased))
			}
		}
		answers = append(answers, fmt.Sprintf("%s: %+v", what, values))
	}
	start := time.Unix(1_800_000_000, 0).UTC()

	for _, id := range []string{"i", "again"} {
		job, created, err := s.Start(ctx, upload, stack.Job{Import: id, Phase: stack.PhaseSend, Vendor: "espressif", Settings: "{}"})
		note("start", job.Import, job.Upload, job.Phase, created, err)
	}
	_, err := s.Import(ctx, "i")
	note("import before", err)
	_, err = s.Resume(ctx, "i")
	note("resume before", err)
	journal, err := s.Begin(ctx, ledger.Import{ID: "i", Begun: start, Manifests: []ledger.Manifest{{Entries: 6}}})
	note("begin", err)
	_, err = s.Begin(ctx, ledger.Import{ID: "i", Begun: start, Manifests: []ledger.Manifest{{Entries: 6}}})
	note("begin again", err != nil)

	claims := []stack.Claim{
		{Entry: 0, ThingName: "a", CertificateID: manifest.CertificateID{'A'}, At: start},
		{Entry: 1, ThingName: "b", CertificateID: manifest.CertificateID{'B'}, At: start},
		{Entry: 2, ThingName: "a", CertificateID: manifest.CertificateID{'A'}, At: start}, // the same
		{Entry: 3, ThingName: "a", CertificateID: manifest.CertificateID{'B'}, At: start}, // name and certificate of two others
		{Entry: 4, ThingName: "c", CertificateID: manifest.CertificateID{'B'}, At: start}, // certificate only
		{Entry: 5, ThingName: "b", CertificateID: manifest.CertificateID{'C'}, At: start}, // name only
	}
	claimed, err := s.Claim(ctx, "i", claims)
	note("claim", claimed, err)
	for i := range claims {
		claims[i].At = start.Add(time.Hour)
	}
	claimed, err = s.Claim(ctx, "i", claims)
	note("claim again", claimed, err)
	for range 2 {
		claimed, err = s.Claim(ctx, "i", []stack.Claim{{Entry: 3, VendorID: "v", ThingName: "d", Alone: true, At: start}})
		note("claim alone", claimed, err)
	}

	at := start.Add(time.Minute)
	step := ledger.Step{Operation: "RegisterCertificateWithoutCA", Created: true}
	note("record", journal.Record(ctx, []ledger.Record{
		{Place: ledger.Place{Entry: 0}, Outcome: ledger.Failed, Reason: "undeliverable", Steps: []ledger.Step{step}, At: at},
		{Place: ledger.Place{Entry: 2}, Outcome: ledger.Skipped, Reason: "repeated", At: at},
	}))
	note("record anew", journal.Record(ctx, []ledger.Record{{Place: ledger.Place{Entry: 0}, Outcome: ledger.Imported, At: at}}))
	note("record nowhere", journal.Record(ctx, []ledger.Record{{Place: ledger.Place{Entry: 6}, Outcome: ledger.Imported, At: at}}) != nil)
	found, err := s.Outcomes(ctx, "i", []int{0, 1, 2})
	note("outcomes", found, err)
	counts, err := s.Counts(ctx, "i")
	note("counts", counts, err)
	for r, err := range s.Records(ctx, "i") {
		note("records", r, err)
	}
	failed := []ledger.Record{
		{Place: ledger.Place{Entry: 1}, Outcome: ledger.Failed, Reason: "conflict", At: at.Add(-time.Second)},
		{Place: ledger.Place{Entry: 3}, Outcome: ledger.Failed, Reason: "conflict", At: at}, // too late
	}
	note("record failures", journal.Record(ctx, failed))
	for range 2 {
		note("reopen", s.Reopen(ctx, "i", []int{0, 1, 2, 3, 4}, at))
		counts, err = s.Counts(ctx, "i")
		note("counts", counts, err)
	}
	note("record reopened", journal.Record(ctx, failed[:1]))
	note("reopen one", s.Reopen(ctx, "i", []int{1, 3}, at.Add(time.Second)))
	note("close", journal.Close(ctx, ledger.End{State: ledger.StateStopped, Cause: "why", At: at}))
	i, err := s.Import(ctx, "i")
	note("stopped", i.State, i.Cause, i.Ended.Equal(at), i.Counts, err)
	_, err = s.Resume(ctx, "i")
	i, _ = s.Import(ctx, "i")
	note("resumed", i.State, i.Cause, err)
	_, err = s.Begin(ctx, ledger.Import{ID: "j", Begun: start, Manifests: []ledger.Manifest{{Entries: 0}}})
	note("begin another", err)
	note("restart", s.Restart(ctx, ledger.Import{ID: "j", Key: "k", Begun: start, Settings: "s", Manifests: []ledger.Manifest{{Entries: 4}}}))
	i, err = s.Import(ctx, "j")
	note("restarted", i.State, i.Key, i.Settings, i.Counts, err)
	note("restart of an unknown import", s.Restart(ctx, ledger.Import{ID: "unknown"}))

	_, err = s.Get(ctx, "unknown")
	note("unknown job", err)
	note("cause of an unknown job", s.SetCause(ctx, "unknown", "x", at))
	_, err = s.Lease(ctx, "unknown", "me", at)
	note("lease of an unknown job", err)
	lease, err := s.Lease(ctx, "i", "me", time.Now().Add(time.Hour))
	note("lease", lease.Import, lease.Generation, lease.Crashes, err)
	_, err = s.Lease(ctx, "i", "you", time.Now().Add(time.Hour))
	note("leased", err)
	state := func(what string) {
		j, err := s.Get(ctx, "i")
		note(what, j.Phase, j.Cause, j.RetryAt.UTC(), string(j.Progress), j.Vendor, j.Upload, j.Generation, err)
		for j, err := range s.Open(ctx) {
			note("open", j.Import, j.Phase, err)
		}
	}
	note("cause", s.SetCause(ctx, "i", "denied", at))
	note("save", s.Save(ctx, lease, stack.Job{
		Import: "i", Phase: stack.PhaseSent, Progress: []byte("p"), Vendor: "espressif",
		Upload: upload,
	}))
	state("saved")
	note("release", s.Release(ctx, lease))
	next, err := s.Lease(ctx, "i", "you", time.Now().Add(time.Hour))
	note("lease of another", next.Generation, next.Crashes, err)
	note("fenced", s.Save(ctx, lease, stack.Job{Import: "i", Phase: stack.PhaseDone}))
	note("release of the fenced", s.Release(ctx, lease))
	_, err = s.Lease(ctx, "i", "me", time.Now().Add(time.Hour))
	note("still leased", err)
	note("stop", s.Save(ctx, next, stack.Job{Import: "i", Phase: stack.PhaseStopped, Cause: "broken", Vendor: "espressif", Upload: upload}))
	state("stopped")
	note("done", s.Save(ctx, next, stack.Job{Import: "i", Phase: stack.PhaseDone, Vendor: "espressif", Upload: upload}))
	state("done")
	for _, kind := range []string{stack.OrderPause, stack.OrderRetry, stack.OrderCancel} {
		j, err := s.SetOrder(ctx, "i", stack.Order{Kind: kind, At: start})
		note("order "+kind, j.Order, err != nil)
	}
	note("observe", s.Observe(ctx, "i", stack.Observed{Settled: 2}))
	note("finish another order", s.FinishOrder(ctx, "i", stack.Order{Kind: stack.OrderRetry}))
	note("save", s.Save(ctx, next, stack.Job{Import: "i", Phase: stack.PhaseDone, Vendor: "espressif", Upload: upload}))
	j, err := s.Get(ctx, "i")
	note("ordered", j.Order, j.Observed, err)
	note("finish", s.FinishOrder(ctx, "i", j.Order))
	_, err = s.SetOrder(ctx, "unknown", stack.Order{Kind: stack.OrderPause})
	note("order to an unknown job", err)
	note("moves", s.SetCause(ctx, "i", "", time.Time{}))
	state("without cause")
	return answers
}

var upload = stack.Upload{Bucket: "b", Key: "k", Version: "1", Size: 5}
