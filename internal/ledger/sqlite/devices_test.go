package sqlite_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

func TestDeviceIsFoundInEveryImportUnderEachOfItsNames(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir()+"/ledger.db")
	certificate := manifest.CertificateIDOf([]byte("certificate"))
	target := ledger.Target{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
	var want []ledger.Found
	for n, id := range []string{"first", "second", "third"} {
		i := importOf(id, 10)
		i.ID, i.Target = id, target
		j, err := l.Begin(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		r := ledger.Record{
			Place: ledger.Place{Entry: n}, Line: 3, Outcome: ledger.Imported, ID: "4BA2", ThingName: "sensor", CertificateID: certificate,
			CertificateARN: "arn:aws:iot:eu-west-1:111122223333:cert/" + certificate.String(),
			Steps:          []ledger.Step{{Operation: "CreateThing"}}, At: time.Unix(9, 0),
		}
		other := ledger.Record{Place: ledger.Place{Entry: 9}, Outcome: ledger.Failed, ID: "other", ThingName: "4BA2", At: time.Unix(9, 0)}
		if id == "third" { // killed before the record
			if err := j.Mark(t.Context(), []ledger.Mark{{Place: r.Place, CertificateID: certificate, ThingName: "sensor", At: r.At}}); err != nil {
				t.Fatal(err)
			}
			r = ledger.Record{Place: r.Place, ThingName: "sensor", CertificateID: certificate, At: r.At}
		} else if err := j.Record(t.Context(), []ledger.Record{r, other}); err != nil {
			t.Fatal(err)
		}
		want = append(want, ledger.Found{Import: id, Record: r})
	}
	for name, test := range map[string]struct {
		names ledger.DeviceNames
		want  []ledger.Found
	}{
		"thing":       {ledger.DeviceNames{Things: []string{"sensor"}}, want},
		"vendor ID":   {ledger.DeviceNames{IDs: []string{"none", "4BA2"}}, want[:2]},
		"certificate": {ledger.DeviceNames{Certificate: certificate}, want},
		"nothing":     {ledger.DeviceNames{}, nil},
	} {
		var got []ledger.Found
		for f, err := range l.Devices(t.Context(), test.names) {
			if err != nil {
				t.Fatal(err)
			}
			f.At = f.At.Local()
			got = append(got, f)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", name, diff)
		}
	}
}
