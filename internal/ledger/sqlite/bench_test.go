package sqlite_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/manifest"
)

// BenchmarkImport marks and records entries in groups of 200, like an import.
func BenchmarkImport(b *testing.B) {
	ctx := b.Context()
	l, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	j, err := l.Begin(ctx, importOf("k", b.N))
	if err != nil {
		b.Fatal(err)
	}
	steps := []ledger.Step{
		{Operation: "RegisterCertificateWithoutCA", Created: true},
		{Operation: "CreateThing"},
		{Operation: "AttachThingPrincipal", Created: true},
		{Operation: "AttachPolicy", Resource: "a", Created: true},
		{Operation: "AttachPolicy", Resource: "b", Created: true},
		{Operation: "AddThingToThingGroup", Resource: "g"},
	}
	const group = 200
	at := time.Now()
	b.ResetTimer()
	for n := 0; n < b.N; n += group {
		marks := make([]ledger.Mark, 0, group)
		records := make([]ledger.Record, 0, group)
		for e := n; e < min(n+group, b.N); e++ {
			id := manifest.CertificateIDOf(binary.BigEndian.AppendUint64(nil, uint64(e)))
			name := fmt.Sprintf("sn0123F2%010dF201", e)
			place := ledger.Place{Entry: e}
			marks = append(marks, ledger.Mark{Place: place, CertificateID: id, ThingName: name, At: at})
			records = append(records, ledger.Record{
				Place: place, Line: e * 20, Outcome: ledger.Imported, ID: name[2:], ThingName: name, CertificateID: id,
				CertificateARN: "arn:aws:iot:eu-west-1:123456789012:cert/" + id.String(), Steps: steps, At: at,
			})
		}
		if err := j.Mark(ctx, marks); err != nil {
			b.Fatal(err)
		}
		if err := j.Record(ctx, records); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
