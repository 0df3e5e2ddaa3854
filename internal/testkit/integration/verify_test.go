package integration

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	strict "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/complete"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// An outcome is the expected outcome of an entry; the reason is empty if any will do.
type outcome struct {
	Outcome ledger.Outcome
	Reason  string
}

// all expects the same outcome of n entries.
func all(n int, o ledger.Outcome) []outcome {
	return slices.Repeat([]outcome{{Outcome: o}}, n)
}

// finished checks an import against the expected outcome of each entry: in the
// ledger, in its counters, in both reports, and in AWS IoT. It returns the job.
func (l *line) finished(t *testing.T, o stacktest.Object, state sandbox.State, want []outcome) stack.Job {
	t.Helper()
	job, i := l.job(t, o)
	if job.Phase != stack.PhaseDone || i.State != ledger.StateFinished || i.Counts.Pending() != 0 {
		t.Errorf("%s: phase %s, state %s, %+v, cause %q", o.Key, job.Phase, i.State, i.Counts, i.Cause)
	}
	counted := ledger.Counts{Entries: len(want)}
	got := make([]outcome, len(want))
	records := map[int]ledger.Record{}
	for r, err := range l.ledger.Records(t.Context(), job.Import) {
		if err != nil {
			t.Fatalf("%s: %v", o.Key, err)
		}
		if _, twice := records[r.Entry]; twice || r.Entry >= len(want) {
			t.Fatalf("%s: entry %d has several records, or does not exist", o.Key, r.Entry)
		}
		records[r.Entry] = r
		counted.Add(r.Outcome, 1)
		got[r.Entry] = outcome{r.Outcome, r.Reason}
		if want[r.Entry].Reason == "" {
			got[r.Entry].Reason = ""
		}
		if r.Outcome == ledger.Imported || r.Outcome == ledger.Unchanged {
			l.attached(t, o.Key, r, state)
		}
	}
	settle(want, got, records)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: outcomes (-want +got):\n%s", o.Key, diff)
	}
	if counted != i.Counts {
		t.Errorf("%s: counters %+v, records %+v", o.Key, i.Counts, counted)
	}
	l.reported(t, o, job, records)
	return job
}

// job returns the job of an upload and its import.
func (l *line) job(t *testing.T, o stacktest.Object) (stack.Job, ledger.Import) {
	t.Helper()
	jobs, err := l.jobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	job, ok := jobs[uploadID(o.Bucket, o.Key, o.Version)]
	if !ok {
		t.Fatalf("%s: no job", o.Key)
	}
	i, err := l.ledger.Import(t.Context(), job.Import)
	if err != nil {
		t.Fatalf("%s: %v", o.Key, err)
	}
	return job, i
}

// attached checks that a device has everything it needs to connect.
func (l *line) attached(t *testing.T, key string, r ledger.Record, state sandbox.State) {
	t.Helper()
	certificate := sandbox.CertificateState{Status: "ACTIVE", Things: []string{r.ThingName}, Policies: slices.Sorted(slices.Values(policies))}
	if diff := cmp.Diff(certificate, state.Certificates[r.CertificateID.String()]); diff != "" {
		t.Errorf("%s: entry %d: certificate %s:\n%s", key, r.Entry, r.CertificateID, diff)
	}
	thing := state.Things[r.ThingName]
	attributes := map[string]string{"certificate": r.CertificateID.String(), "line": l.name}
	if thing.Type != thingType || thing.BillingGroup != billingGroup ||
		!slices.Equal(thing.Certificates, []string{r.CertificateID.String()}) ||
		!slices.Equal(thing.Groups, slices.Sorted(slices.Values(groups))) || !maps.Equal(thing.Attributes, attributes) {
		t.Errorf("%s: entry %d: thing %s: %+v", key, r.Entry, r.ThingName, thing)
	}
}

// reported checks both reports against the records.
func (l *line) reported(t *testing.T, o stacktest.Object, job stack.Job, records map[int]ledger.Record) {
	t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(l.object(t, complete.Key(job.Vendor, job.Import, ".jsonl"))))
	lines.Buffer(nil, 1<<20)
	told := 0
	for lines.Scan() {
		var row report.Row
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%s: report: %v", o.Key, err)
		}
		r, ok := records[row.Entry]
		if !ok || row.Outcome != string(r.Outcome) || row.ThingName != r.ThingName || row.CertificateID != r.CertificateID ||
			row.Reason != r.Reason {
			t.Errorf("%s: the report has %s, the ledger %+v", o.Key, lines.Bytes(), r)
		}
		told++
	}
	if err := lines.Err(); err != nil || told != len(records) {
		t.Errorf("%s: report of %d lines for %d records, %v", o.Key, told, len(records), err)
	}
	rows, err := csv.NewReader(bytes.NewReader(l.object(t, complete.Key(job.Vendor, job.Import, ".csv")))).ReadAll()
	if err != nil || len(rows) != len(records)+1 {
		t.Errorf("%s: report of %d rows with its header for %d records, %v", o.Key, len(rows), len(records), err)
	}
}

// object returns an object of the reports bucket.
func (l *line) object(t *testing.T, key string) []byte {
	t.Helper()
	bucket := l.buckets["reports"]
	out, err := l.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatalf("report: %v", err)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(out.Body); err != nil {
		t.Fatalf("report %s: %v", key, err)
	}
	return body.Bytes()
}

// stopped checks that an import ended before it created anything, with a cause
// that contains all the parts.
func (l *line) stopped(t *testing.T, o stacktest.Object, parts ...string) stack.Job {
	t.Helper()
	job, i := l.job(t, o)
	if i.State != ledger.StateStopped || i.Counts.Imported+i.Counts.Unchanged+i.Counts.Failed > 0 {
		t.Errorf("%s: phase %s, state %s, %+v", o.Key, job.Phase, i.State, i.Counts)
	}
	for _, part := range parts {
		if !strings.Contains(i.Cause, part) {
			t.Errorf("%s: the cause lacks %q: %s", o.Key, part, i.Cause)
		}
	}
	return job
}

// noticed checks that each job has at least one notice, and that the notices contain the parts.
func noticed(t *testing.T, notices []string, job stack.Job, parts ...string) {
	t.Helper()
	var about []string
	for _, n := range notices {
		if strings.Contains(n, job.Import) {
			about = append(about, n)
		}
	}
	if len(about) == 0 {
		t.Errorf("%s: no notice", job.Upload.Key)
		return
	}
	for _, part := range parts {
		if !slices.ContainsFunc(about, func(n string) bool { return strings.Contains(n, part) }) {
			t.Errorf("%s: no notice has %q:\n%s", job.Upload.Key, part, strings.Join(about, "\n"))
		}
	}
}

// logged checks that the functions' logs are JSON with unique names and contain
// nothing secret. It returns how often a decoder handed on its job, and an
// importer handed back devices.
func (l *line) logged(t *testing.T) (handedOn, handedBack int) {
	t.Helper()
	for _, text := range l.log.lines() {
		if strings.Contains(text, "BEGIN ") {
			t.Fatalf("%s: a PEM block in the log", l.name)
		}
		var entry struct {
			Message string `json:"message"`
		}
		if err := strict.Unmarshal([]byte(text), &entry); err != nil &&
			!errors.Is(err, io.ErrUnexpectedEOF) { // a killed function leaves an incomplete line
			t.Errorf("%s: %v: %s", l.name, err, text)
		}
		switch entry.Message {
		case "handed on":
			handedOn++
		case "devices handed back":
			handedBack++
		}
	}
	return handedOn, handedBack
}

// keepLog writes the log to where `go test -artifacts` keeps it. If the test
// failed it prints the end of the log without metrics.
func (l *line) keepLog(t *testing.T) {
	t.Helper()
	lines := l.log.lines()
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), l.name+".log"), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Error(err)
	}
	if !t.Failed() {
		return
	}
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, `"_aws"`) })
	t.Logf("the end of the log of %s:\n%s", l.name, strings.Join(lines[max(0, len(lines)-20):], "\n"))
}
