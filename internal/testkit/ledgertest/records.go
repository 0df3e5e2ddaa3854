package ledgertest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

func recordsInOrder(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 300, 300)
	j := begin(t, l, i)
	// Devices finish in any order, even across manifests.
	var records []ledger.Record
	for n := range 300 {
		records = append(records, record(1, (n*7)%300, ledger.Imported), record(0, (n*11)%300, ledger.Unchanged))
	}
	for len(records) > 0 {
		n := min(137, len(records))
		check(t, j.Record(ctx, records[:n]))
		records = records[n:]
	}
	got := collect(t, l.Records(ctx, i.ID))
	same(t, len(got), 600)
	for n, r := range got {
		same(t, r.Place, ledger.Place{Manifest: n / 300, Entry: n % 300})
	}
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 600, Imported: 300, Unchanged: 300})
}

func everyField(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 5)
	j := begin(t, l, i)
	id := manifest.CertificateIDOf([]byte("a certificate"))
	usual := "arn:aws:iot:eu-central-1:123456789012:cert/" + id.String()
	want := []ledger.Record{
		{
			Place: ledger.Place{Entry: 0}, Line: 17, Outcome: ledger.Imported, ID: "4BA2BB8764BD", ThingName: "sn01", CertificateID: id,
			CertificateARN: usual, Steps: []ledger.Step{
				{Operation: "RegisterCertificateWithoutCA", Created: true},
				{Operation: "AttachPolicy", Resource: "a,b", Created: true},
			}, At: began,
		},
		{
			Place: ledger.Place{Entry: 1}, Outcome: ledger.Failed, ID: "ü\x00\n", CertificateID: id,
			CertificateARN: "arn:aws:iot:us-east-1:1:cert/x",
			Reason:         "conflict", Detail: "a sentence; 'quoted' \"twice\"", Steps: []ledger.Step{{Operation: "CreateThing"}},
			At: began.Add(time.Microsecond),
		},
		{Place: ledger.Place{Entry: 2}, Outcome: ledger.Rejected, Reason: "expired", Detail: strings.Repeat("long ", 2000), At: began},
		{Place: ledger.Place{Entry: 3}, Outcome: ledger.Skipped, Line: 1},
		{Place: ledger.Place{Entry: 4}, Outcome: ledger.Unchanged, CertificateID: id, At: began},
	}
	check(t, j.Record(ctx, want))
	same(t, collect(t, l.Records(ctx, i.ID)), want)
}

func laterRecordReplaces(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 2)
	j := begin(t, l, i)
	failed := record(0, 0, ledger.Failed)
	failed.Reason, failed.Detail = "denied", "AWS refused"
	check(t, j.Record(ctx, []ledger.Record{failed, record(0, 1, ledger.Rejected)}))
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 2, Failed: 1, Rejected: 1})
	later := record(0, 0, ledger.Imported)
	later.At = began.Add(time.Minute)
	check(t, j.Record(ctx, []ledger.Record{later}))
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 2, Imported: 1, Rejected: 1})
	same(t, collect(t, l.Records(ctx, i.ID)), []ledger.Record{later, record(0, 1, ledger.Rejected)})
}

func sameRecordAgain(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 2)
	j := begin(t, l, i)
	r := record(0, 0, ledger.Imported, ledger.Step{Operation: "CreateThing", Created: true})
	for range 3 {
		check(t, j.Record(ctx, []ledger.Record{r}))
	}
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 2, Imported: 1})
	same(t, collect(t, l.Records(ctx, i.ID)), []ledger.Record{r})
}

func twoRecordsInOneCall(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 1)
	j := begin(t, l, i)
	a, b := ledger.Step{Operation: "CreateThing", Created: true}, ledger.Step{Operation: "AttachPolicy", Resource: "p"}
	check(t, j.Record(ctx, []ledger.Record{record(0, 0, ledger.Failed, a), record(0, 0, ledger.Imported, b)}))
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 1, Imported: 1})
	same(t, collect(t, l.Records(ctx, i.ID)), []ledger.Record{record(0, 0, ledger.Imported, a, b)})
}

func stepsAreKept(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 1)
	j := begin(t, l, i)
	created := ledger.Step{Operation: "RegisterCertificateWithoutCA", Created: true}
	ensured := ledger.Step{Operation: "CreateThing"}
	check(t, j.Record(ctx, []ledger.Record{record(0, 0, ledger.Failed, created, ensured)}))
	check(t, j.Close(ctx, ledger.End{State: ledger.StateStopped, At: began}))
	j, err := l.Resume(ctx, i.ID)
	check(t, err)
	// The next run finds the certificate and certainly creates the thing.
	found := ledger.Step{Operation: "RegisterCertificateWithoutCA"}
	made := ledger.Step{Operation: "CreateThing", Created: true}
	attached := ledger.Step{Operation: "AttachPolicy", Resource: "p", Created: true}
	check(t, j.Record(ctx, []ledger.Record{record(0, 0, ledger.Failed)}))
	check(t, j.Record(ctx, []ledger.Record{record(0, 0, ledger.Imported, found, made, attached)}))
	got := collect(t, l.Records(ctx, i.ID))
	same(t, got, []ledger.Record{record(0, 0, ledger.Imported, created, made, attached)})
}

func recordTakesMarkAway(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 200, 200)
	j := begin(t, l, i)
	var marks []ledger.Mark
	var records []ledger.Record
	for n := range 200 {
		marks = append(marks, mark(1, n, began), mark(0, n, began))
		if n != 123 {
			records = append(records, record(1, n, ledger.Imported), record(0, n, ledger.Failed))
		}
	}
	check(t, j.Mark(ctx, marks))
	same(t, len(collect(t, j.Marked(ctx))), 400)
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 400})
	check(t, j.Record(ctx, records))
	want := []ledger.Mark{mark(0, 123, began), mark(1, 123, began)}
	same(t, collect(t, j.Marked(ctx)), want)
	// The next run sees them.
	j, err := l.Resume(ctx, i.ID)
	check(t, err)
	same(t, collect(t, j.Marked(ctx)), want)
}

// A certificate that an earlier run registered is older than the mark that the
// next run would set.
func firstMarkStands(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 2)
	j := begin(t, l, i)
	check(t, j.Mark(ctx, []ledger.Mark{mark(0, 0, began)}))
	later := began.Add(time.Hour)
	check(t, j.Mark(ctx, []ledger.Mark{mark(0, 0, later), mark(0, 1, later)}))
	same(t, collect(t, j.Marked(ctx)), []ledger.Mark{mark(0, 0, began), mark(0, 1, later)})
	// After a record removed the mark, a new attempt sets a new one.
	check(t, j.Record(ctx, []ledger.Record{record(0, 0, ledger.Failed)}))
	check(t, j.Mark(ctx, []ledger.Mark{mark(0, 0, later)}))
	same(t, collect(t, j.Marked(ctx)), []ledger.Mark{mark(0, 0, later), mark(0, 1, later)})
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 2, Failed: 1})
}
