package sqlite_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An existing ledger must open and have the same content as in the version that wrote it.
func TestLedgerOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	fixture := filepath.Join("testdata", "version-1")
	text, err := os.ReadFile(filepath.Join(fixture, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(fixture, "expected.jsonl"))
	if err != nil {
		t.Fatal(err)
	}

	l := open(t, path)
	var got []string
	line := func(values ...any) {
		text, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	var ids []string
	for i, err := range l.Imports(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, i.ID)
		line("import", i.ID, i.Key, i.Target, i.Manifests, i.Settings, i.Begun, i.Ended, i.State, i.Cause, i.Counts)
		for r, err := range l.Records(t.Context(), i.ID) {
			if err != nil {
				t.Fatal(err)
			}
			line("record", r.Place, r.Line, r.Outcome, r.ID, r.ThingName, r.CertificateID.String(), r.CertificateARN, r.Reason, r.Detail, r.Steps,
				r.At)
		}
	}
	for _, id := range ids {
		j, err := l.Resume(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for m, err := range j.Marked(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			line("mark", id, m.Place, m.CertificateID.String(), m.ThingName, m.At)
		}
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), strings.Join(got, "\n")); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
}
