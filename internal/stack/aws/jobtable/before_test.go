package jobtable_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/manifest"
)

// before are the settings and items that the previous version wrote for the import of
// [writeBefore].
type before struct {
	Settings string
	Items    []map[string]map[string]any
}

func readBefore(t *testing.T) (b before) {
	t.Helper()
	text, err := os.ReadFile("../../testdata/before.json")
	check(t, err)
	check(t, json.Unmarshal(text, &b))
	return b
}

const beforeID = "0199f1c2-0001-7d4e-9a51-0b6f4a1f2c3d"

var beforeAt = time.Date(2026, 11, 1, 8, 0, 0, 123456000, time.UTC)

// number returns a certificate ID that ends in a byte.
func number(n byte) (id manifest.CertificateID) {
	id[31] = n
	return id
}

// writeBefore does what the previous version did for testdata/before.json.
func writeBefore(t *testing.T, as *table.Table, settings string) {
	t.Helper()
	ctx := t.Context()
	jobs, imports := jobtable.New(as), dynamodb.New(as, dynamodb.Options{Settled: true, Shards: 1})
	upload := stack.Upload{Bucket: "espressif", Key: "reel 7.csv", Version: "v1", ETag: "e", Sequencer: "s", Size: 4711}
	job, _, err := jobs.Start(ctx, upload, stack.Job{Import: beforeID, Vendor: "espressif", Phase: stack.PhaseHash, Settings: settings})
	check(t, err)
	lease, err := jobs.Lease(ctx, job.Import, "decoder", beforeAt.Add(time.Minute))
	check(t, err)
	job.Phase = stack.PhaseSend
	job.Progress = []byte(`{"ready":true,"hashed":4711,"sha256":"aa","check":{"entries":5,"offset":4711,"rejected":{"expired":1}},` +
		`"send":{"entries":2,"offset":2000}}`)
	job.Signers = []stack.ObjectVersion{{Bucket: "signers", Key: "a.pem", Version: "7"}}
	check(t, jobs.Save(ctx, lease, job))
	check(t, jobs.SetCause(ctx, job.Import, "AccessDeniedException", beforeAt.Add(time.Hour)))
	j, err := imports.Begin(ctx, ledger.Import{
		ID: job.Import, Key: "k", Begun: beforeAt, Settings: settings,
		Target:    ledger.Target{Partition: "aws", Account: "123456789012", Region: "eu-central-1"},
		Manifests: []ledger.Manifest{{Name: "reel 7.csv", SHA256: "aa", Size: 4711, Vendor: "espressif", Entries: 5}},
	})
	check(t, err)
	_, err = jobs.Claim(ctx, job.Import, []stack.Claim{
		{Entry: 0, ThingName: "a", CertificateID: number(10), At: beforeAt}, {Entry: 1, ThingName: "b", CertificateID: number(11), At: beforeAt},
	})
	check(t, err)
	check(t, j.Mark(ctx, []ledger.Mark{{Place: ledger.Place{Entry: 1}, At: beforeAt, CertificateID: number(11), ThingName: "b"}}))
	check(t, j.Record(ctx, []ledger.Record{
		{
			Place: ledger.Place{Entry: 0}, Line: 2, Outcome: ledger.Imported, ID: "M0", ThingName: "a", CertificateID: number(10),
			CertificateARN: "arn:aws:iot:eu-central-1:123456789012:cert/" + number(10).String(), At: beforeAt,
			Steps: []ledger.Step{
				{Operation: "RegisterCertificateWithoutCA", Created: true},
				{Operation: "AttachPolicy", Resource: "connect", Created: true},
			},
		},
		{
			Place: ledger.Place{Entry: 4}, Line: 9, Outcome: ledger.Rejected, ID: "M4", Reason: "expired",
			Detail: "certificate expired on 2020-01-01", At: beforeAt,
		},
	}))
}

// lines returns the items in an order that does not depend on how they were read.
func lines(t *testing.T, items any) (lines []string) {
	t.Helper()
	text, err := json.Marshal(items)
	check(t, err)
	var parsed []map[string]map[string]any
	check(t, json.Unmarshal(text, &parsed))
	for _, i := range parsed {
		lines = append(lines, fmt.Sprint(i))
	}
	slices.Sort(lines)
	return lines
}

// A stack may be updated and rolled back while imports are running: each version must
// read what the other wrote.
func itemsOfTheVersionBefore(t *testing.T, x *dynamodbtest.Table) {
	b := readBefore(t)
	as := x.Open(table.Options{Retention: 30 * 24 * time.Hour, Now: func() time.Time { return beforeAt }})
	writeBefore(t, as, b.Settings)
	var written []map[string]map[string]any
	for _, i := range x.Items(t, "") {
		attributes := map[string]map[string]any{}
		for name, value := range i {
			switch v := value.(type) {
			case *types.AttributeValueMemberS:
				attributes[name] = map[string]any{"S": v.Value}
			case *types.AttributeValueMemberN:
				attributes[name] = map[string]any{"N": v.Value}
			case *types.AttributeValueMemberB:
				attributes[name] = map[string]any{"B": v.Value}
			}
		}
		written = append(written, attributes)
	}
	same(t, lines(t, written), lines(t, b.Items))
}

func importOfTheVersionBefore(t *testing.T, x *dynamodbtest.Table) {
	for _, attributes := range readBefore(t).Items {
		item := dynamodbtest.Item{}
		for name, value := range attributes {
			switch {
			case value["S"] != nil:
				item[name] = &types.AttributeValueMemberS{Value: value["S"].(string)}
			case value["N"] != nil:
				item[name] = &types.AttributeValueMemberN{Value: value["N"].(string)}
			default:
				var binary []byte
				check(t, json.Unmarshal(fmt.Appendf(nil, "%q", value["B"]), &binary))
				item[name] = &types.AttributeValueMemberB{Value: binary}
			}
		}
		_, err := x.Client.PutItem(t.Context(), &sdk.PutItemInput{TableName: &x.Name, Item: item})
		check(t, err)
	}
	as := x.Open(table.Options{Now: func() time.Time { return beforeAt.Add(30 * time.Second) }})
	jobs, imports := jobtable.New(as), dynamodb.New(as, dynamodb.Options{Settled: true})
	job, err := jobs.Get(t.Context(), beforeID)
	check(t, err)
	same(t, []any{job.Phase, job.Cause, job.Vendor, job.Generation, len(job.Signers), job.Upload.Key},
		[]any{stack.PhaseSend, "AccessDeniedException", "espressif", int64(1), 1, "reel 7.csv"})
	var leased *stack.LeasedError
	if _, err := jobs.Lease(t.Context(), beforeID, "other", beforeAt.Add(time.Hour)); !errors.As(err, &leased) {
		t.Errorf("the lease of the version before is not known: %v", err)
	}
	same(t, ids(t, jobs.Open(t.Context())), []string{beforeID})
	claimed, err := jobs.Claim(t.Context(), beforeID, []stack.Claim{
		{Entry: 0, ThingName: "a", CertificateID: number(10), At: beforeAt.Add(time.Hour)},
		{Entry: 3, ThingName: "b", CertificateID: number(12), At: beforeAt},
	})
	check(t, err)
	same(t, claimed, []stack.Claimed{
		{Mine: true, At: beforeAt, ByID: stack.Nobody, ByName: of(0), ByCertificate: of(0)}, lost(1, -1),
	})
	i, err := imports.Import(t.Context(), beforeID)
	check(t, err)
	same(t, i.Counts, ledger.Counts{Entries: 5, Imported: 1, Rejected: 1})
	for asked, err := range imports.Settings(t.Context(), beforeID) {
		t.Errorf("an entry asked for %+v, %v", asked, err)
	}
	j, err := imports.Resume(t.Context(), beforeID)
	check(t, err)
	for mark, err := range j.Marked(t.Context()) {
		check(t, err)
		same(t, mark, ledger.Mark{Place: ledger.Place{Entry: 1}, At: beforeAt, CertificateID: number(11), ThingName: "b"})
	}
	check(t, j.Record(t.Context(), []ledger.Record{{Place: ledger.Place{Entry: 1}, Outcome: ledger.Imported, At: beforeAt}}))
	counts, err := imports.Counts(t.Context(), beforeID)
	check(t, err)
	same(t, counts, ledger.Counts{Entries: 5, Imported: 2, Rejected: 1})
}
