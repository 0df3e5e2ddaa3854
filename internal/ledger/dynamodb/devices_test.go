package dynamodb_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/manifest"
)

// A device may be in any partition of any import, under a name that another device has as its vendor's ID, and in
// flight. What is not found was never done, to an operator.
func devicesOfAllImports(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, dynamodb.Options{})
	ctx := t.Context()
	certificate := manifest.CertificateIDOf([]byte("certificate"))
	device := ledger.Record{
		Line: 3, Outcome: ledger.Imported, ID: "4BA2", ThingName: "sensor", CertificateID: certificate,
		CertificateARN: "arn:aws:iot:eu-west-1:111122223333:cert/" + certificate.String(),
		Steps:          []ledger.Step{{Operation: "CreateThing", Created: true}}, At: dynamodbtest.Began,
	}
	at := func(entry int) ledger.Record {
		r := device
		r.Entry = entry
		return r
	}
	other := ledger.Record{Place: ledger.Place{Entry: 9}, Outcome: ledger.Failed, ID: "other", ThingName: "4BA2", At: dynamodbtest.Began}

	first, j := dynamodbtest.Begin(t, l, 10_000)
	check(t, j.Record(ctx, []ledger.Record{at(9999), at(4096), other}))
	second, j := dynamodbtest.Begin(t, l, 10)
	mark := ledger.Mark{Place: ledger.Place{Entry: 1}, CertificateID: certificate, ThingName: "sensor", At: dynamodbtest.Began}
	check(t, j.Mark(ctx, []ledger.Mark{mark}))
	marked := ledger.Record{Place: mark.Place, CertificateID: certificate, ThingName: "sensor", At: mark.At}
	dynamodbtest.Begin(t, l, 10) // has nothing of it

	recorded := []ledger.Found{{Import: first, Record: at(4096)}, {Import: first, Record: at(9999)}}
	all := slices.Concat(recorded, []ledger.Found{{Import: second, Record: marked}})
	var imports []ledger.Import
	for _, id := range []string{first, second} {
		i, err := l.Import(ctx, id)
		check(t, err)
		imports = append(imports, i)
	}
	for name, test := range map[string]struct {
		names ledger.DeviceNames
		want  []ledger.Found
	}{
		"thing":       {ledger.DeviceNames{Things: []string{"sensor"}}, all},
		"vendor ID":   {ledger.DeviceNames{IDs: []string{"none", "4BA2"}}, recorded},
		"certificate": {ledger.DeviceNames{Certificate: certificate}, all},
		"nothing":     {ledger.DeviceNames{}, nil},
		"unknown":     {ledger.DeviceNames{Things: []string{"4BA3"}}, nil},
	} {
		searched := 0
		got, err := l.Devices(ctx, imports, test.names, func(n int) { searched += n })
		check(t, err)
		same(t, got, test.want)
		if name != "nothing" && searched != 10_010 {
			t.Errorf("by %s: %d entries were searched", name, searched)
		}
	}

	of, err := l.Import(ctx, first)
	check(t, err)
	undo := ledger.Import{ID: uuid.Must(uuid.NewV7()).String(), Key: "undo", Verb: "undo", Of: []string{first}, Manifests: of.Manifests}
	j, err = l.Begin(ctx, undo)
	check(t, err)
	check(t, j.Mark(ctx, []ledger.Mark{mark}))
	check(t, j.Record(ctx, []ledger.Record{at(4096)}))
	for entry, want := range map[int]ledger.Record{1: marked, 4096: at(4096)} {
		found, err := l.Entry(ctx, undo.ID, ledger.Place{Entry: entry})
		check(t, err)
		same(t, found, []ledger.Found{{Import: undo.ID, Record: want}})
	}
	found, err := l.Entry(ctx, undo.ID, ledger.Place{Entry: 7})
	check(t, err)
	same(t, found, []ledger.Found(nil))
}
