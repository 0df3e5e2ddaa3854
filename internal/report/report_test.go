package report_test

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

var (
	anImport = ledger.Import{ID: "0198", Manifests: []ledger.Manifest{{Name: "reel.csv"}}}
	records  = []ledger.Record{
		{
			Place: ledger.Place{Entry: 0}, Line: 2, Outcome: ledger.Imported, ID: "4BA2BB8764BD", ThingName: "sensor-1",
			CertificateID: manifest.CertificateID{0xab}, CertificateARN: "arn:aws:iot:…:cert/ab", At: time.Unix(0, 0),
			Steps: []ledger.Step{{Operation: "AttachPolicy", Resource: "sensors", Created: true}, {Operation: "CreateThing"}},
		},
		{
			Place: ledger.Place{Entry: 1}, Outcome: ledger.Rejected, ID: "=cmd|'/c calc'!A0", Reason: "bad-id", Detail: "MAC, \"quoted\"",
			At: time.Unix(0, 0),
		},
	}
)

func all(records []ledger.Record, end error) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
		if end != nil {
			yield(ledger.Record{}, end)
		}
	}
}

// sourceOf returns the import as a source that ends with an error.
func sourceOf(end error) report.Source {
	return report.Source{Import: anImport, Records: func() iter.Seq2[ledger.Record, error] { return all(records, end) }}
}

func TestFileHoldsEveryEntry(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"r.jsonl": {
			`{"type":"outcome","import":"0198","manifest":"reel.csv","entry":0,"line":2,"outcome":"imported",` +
				`"id":"4BA2BB8764BD","thing_name":"sensor-1",` +
				`"certificate_id":"ab00000000000000000000000000000000000000000000000000000000000000",` +
				`"certificate_arn":"arn:aws:iot:…:cert/ab","steps":[{"operation":"AttachPolicy","resource":"sensors",` +
				`"created":true},{"operation":"CreateThing"}],"at":"1970-01-01T00:00:00Z"}`,
			`"entry":1,"outcome":"rejected","id":"=cmd|'/c calc'!A0","reason":"bad-id"`,
		},
		"r.csv": {
			`"import","manifest","entry","line","outcome","id","thing_name","certificate_id","certificate_arn","reason","detail",` +
				`"steps","at"` + "\n",
			`"0198","reel.csv","0","2","imported","4BA2BB8764BD","sensor-1",` +
				`"ab00000000000000000000000000000000000000000000000000000000000000","arn:aws:iot:…:cert/ab","","",` +
				`"AttachPolicy sensors (created); CreateThing","1970-01-01T00:00:00Z"` + "\n",
			`,"rejected","'=cmd|'/c calc'!A0","","","","bad-id","MAC, ""quoted""",`, // a spreadsheet must not run this
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), name)
			if err := report.WriteFile(path, sourceOf(nil)); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range want {
				if !strings.Contains(string(got), line) {
					t.Errorf("report lacks %q:\n%s", line, got)
				}
			}
		})
	}
}

func TestUnfinishedReportLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "r.csv")
	if err := os.WriteFile(path, []byte("earlier"), 0o600); err != nil {
		t.Fatal(err)
	}
	// An import takes hours between the check and the report, and may be killed.
	if err := report.Check(path); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the check left behind: %v", left)
	}
	broken := errors.New("ledger is gone")
	if err := report.WriteFile(path, sourceOf(broken)); !errors.Is(err, broken) {
		t.Fatalf("error %v does not contain the cause", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "earlier" {
		t.Errorf("the earlier report was replaced by %q", got)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestReportThatCannotBeWrittenIsRefusedBeforeTheImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "r.xlsx"), filepath.Join(dir, "none", "r.csv"), "/dev/r.csv/"} {
		if err := report.Check(path); err == nil {
			t.Errorf("%s was accepted", path)
		}
	}
}
