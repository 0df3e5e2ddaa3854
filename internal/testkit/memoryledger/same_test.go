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
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
	"github.com/thingpress/thingpress/manifest"
)

// A store is what both ledgers are.
type store interface {
	Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error)
	Resume(ctx context.Context, id string) (ledger.Journal, error)
	Import(ctx context.Context, id string) (ledger.Import, error)
	Counts(ctx context.Context, id string) (ledger.Counts, error)
	Records(ctx context.Context, id string) iter.Seq2[ledger.Record, error]
	Outcomes(ctx context.Context, id string, entries []int) (map[int]ledger.Record, error)
	Claim(ctx context.Context, id string, claims []dynamodb.Claim) ([]dynamodb.Claimed, error)
	Get(ctx context.Context, id string) (dynamodb.Job, error)
	SetCause(ctx context.Context, id, cause string, retryAt time.Time) error
	Lease(ctx context.Context, id, owner string, until time.Time) (dynamodb.Lease, error)
	Save(ctx context.Context, lease dynamodb.Lease, job dynamodb.Job) error
	Release(ctx context.Context, lease dynamodb.Lease) error
	Open(ctx context.Context) iter.Seq2[dynamodb.Job, error]
}

// Tests of the functions are worth as much as this ledger is like the real one.
func TestTheLedgerInMemoryAnswersAsDynamoDBDoes(t *testing.T) {
	t.Parallel()
	client := dynamodbtest.Client(t)
	dynamodbtest.CreateTable(t, client, "same")
	database := dynamodb.New(client, "same", dynamodb.Options{})
	job := dynamodb.Job{Import: "i", Phase: dynamodb.PhaseSend, Vendor: "espressif", Settings: "{}", Upload: upload}
	if _, _, err := database.Start(t.Context(), job.Upload, job); err != nil {
		t.Fatal(err)
	}
	fake := memoryledger.New()
	fake.Put(job)
	if diff := cmp.Diff(script(t, database), script(t, fake)); diff != "" {
		t.Errorf("-DynamoDB +memory:\n%s", diff)
	}
}

// script does everything that the functions do, and notes the answers.
func script(t *testing.T, s store) (answers []string) {
	t.Helper()
	ctx := t.Context()
	note := func(what string, values ...any) {
		for i, v := range values {
			if err, ok := v.(error); ok {
				var leased *dynamodb.LeasedError
				values[i] = fmt.Sprint("error: ", errors.Is(err, ledger.ErrNotFound), errors.Is(err, dynamodb.ErrFenced), errors.As(err, &leased))
			}
		}
		answers = append(answers, fmt.Sprintf("%s: %+v", what, values))
	}
	start := time.Unix(1_800_000_000, 0).UTC()

	_, err := s.Import(ctx, "i")
	note("import before", err)
	_, err = s.Resume(ctx, "i")
	note("resume before", err)
	journal, err := s.Begin(ctx, ledger.Import{ID: "i", Begun: start, Manifests: []ledger.Manifest{{Entries: 6}}})
	note("begin", err)
	_, err = s.Begin(ctx, ledger.Import{ID: "i", Begun: start, Manifests: []ledger.Manifest{{Entries: 6}}})
	note("begin again", err != nil)

	claims := []dynamodb.Claim{
		{Entry: 0, ThingName: "a", CertificateID: manifest.CertificateID{'A'}, At: start},
		{Entry: 1, ThingName: "b", CertificateID: manifest.CertificateID{'B'}, At: start},
		{Entry: 2, ThingName: "a", CertificateID: manifest.CertificateID{'A'}, At: start}, // the same
		{Entry: 3, ThingName: "a", CertificateID: manifest.CertificateID{'B'}, At: start}, // of two others
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
	note("close", journal.Close(ctx, ledger.End{State: ledger.StateStopped, Cause: "why", At: at}))
	i, err := s.Import(ctx, "i")
	note("stopped", i.State, i.Cause, i.Ended.Equal(at), i.Counts, err)
	_, err = s.Resume(ctx, "i")
	i, _ = s.Import(ctx, "i")
	note("resumed", i.State, i.Cause, err)

	_, err = s.Get(ctx, "unknown")
	note("unknown job", err)
	note("cause of an unknown job", s.SetCause(ctx, "unknown", "x", at))
	_, err = s.Lease(ctx, "unknown", "me", at)
	note("lease of an unknown job", err)
	lease, err := s.Lease(ctx, "i", "me", time.Now().Add(time.Hour))
	note("lease", lease.Import, lease.Generation, err)
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
	note("save", s.Save(ctx, lease, dynamodb.Job{Import: "i", Phase: dynamodb.PhaseSent, Progress: []byte("p"), Vendor: "espressif", Upload: upload}))
	state("saved")
	note("release", s.Release(ctx, lease))
	next, err := s.Lease(ctx, "i", "you", time.Now().Add(time.Hour))
	note("lease of another", next.Generation, err)
	note("fenced", s.Save(ctx, lease, dynamodb.Job{Import: "i", Phase: dynamodb.PhaseDone}))
	note("release of the fenced", s.Release(ctx, lease))
	_, err = s.Lease(ctx, "i", "me", time.Now().Add(time.Hour))
	note("still leased", err)
	note("stop", s.Save(ctx, next, dynamodb.Job{Import: "i", Phase: dynamodb.PhaseStopped, Cause: "broken", Vendor: "espressif", Upload: upload}))
	state("stopped")
	note("done", s.Save(ctx, next, dynamodb.Job{Import: "i", Phase: dynamodb.PhaseDone, Vendor: "espressif", Upload: upload}))
	state("done")
	note("moves", s.SetCause(ctx, "i", "", time.Time{}))
	state("without cause")
	return answers
}

var upload = dynamodb.Upload{Bucket: "b", Key: "k", Version: "1", Size: 5}
