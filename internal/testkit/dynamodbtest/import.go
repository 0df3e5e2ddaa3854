package dynamodbtest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Began has microseconds, the resolution of the table.
var Began = time.Date(2026, 3, 4, 5, 6, 7, 890123000, time.UTC)

func importOf(entries ...int) ledger.Import {
	i := ledger.Import{
		ID: uuid.Must(uuid.NewV7()).String(), Key: "k", Begun: Began, Settings: `{"policies":["p"]}`,
		Target: ledger.Target{Partition: "aws", Account: "123456789012", Region: "eu-central-1"},
	}
	for _, n := range entries {
		i.Manifests = append(i.Manifests, ledger.Manifest{Name: "reel.csv", SHA256: strings.Repeat("0f", 32), Vendor: "espressif", Entries: n})
	}
	return i
}

// Begin begins an import whose manifests have the given numbers of entries.
func Begin(t testing.TB, l ledger.Ledger, entries ...int) (id string, j ledger.Journal) {
	t.Helper()
	i := importOf(entries...)
	j, err := l.Begin(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return i.ID, j
}

// Imported returns the usual record of an imported device.
func Imported(entry int) ledger.Record {
	id := manifest.CertificateIDOf(binary.BigEndian.AppendUint64(nil, uint64(entry)))
	return ledger.Record{
		Place: ledger.Place{Entry: entry}, Line: entry + 2, Outcome: ledger.Imported, ID: "4BA2BB8764BD",
		ThingName:     fmt.Sprintf("sn%012d", entry),
		CertificateID: id, CertificateARN: "arn:aws:iot:eu-central-1:123456789012:cert/" + id.String(), At: Began,
		Steps: []ledger.Step{
			{Operation: "RegisterCertificateWithoutCA", Created: true},
			{Operation: "CreateThing"},
			{Operation: "AttachThingPrincipal", Created: true},
			{Operation: "AttachPolicy", Resource: "factory-floor", Created: true},
		},
	}
}

// ImportedFrom returns count such records.
func ImportedFrom(first, count int) (records []ledger.Record) {
	for n := range count {
		records = append(records, Imported(first+n))
	}
	return records
}
