package integration

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
)

// command gives a command over an import to the stack, as thingpress VERB IMPORT --stack does, and returns its job when
// it has ended.
func (l *line) command(t *testing.T, c stack.Command) (stack.Job, ledger.Import) {
	t.Helper()
	of, err := l.ledger.Import(t.Context(), c.Of[0])
	if err != nil {
		t.Fatal(err)
	}
	id, queue := uuid.Must(uuid.NewV7()).String(), l.commands
	if c.Removes() {
		queue = l.undos
	}
	if c.Recorded() {
		if _, err := l.ledger.Begin(t.Context(), ledger.Import{
			ID: id, Key: c.Key(), Verb: c.Verb, Of: c.Of, Target: of.Target, Manifests: of.Manifests, Begun: time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.ledger.Command(t.Context(), stack.Job{Import: id, Command: &c, Vendor: "espressif", Phase: stack.PhaseWork}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := queue.Send(t.Context(), stack.Task{Kind: stack.TaskContinue, Import: id}.Message(0).Body); err != nil {
			t.Fatal(err)
		}
	}
	var job stack.Job
	l.until(t, func() (string, error) {
		if job, err = l.ledger.Get(t.Context(), id); err != nil || job.Ended() {
			return "", err
		}
		return fmt.Sprintf("%s has not ended: %s", c.Verb, job.Progress), nil
	})
	record, err := l.ledger.Import(t.Context(), id)
	if c.Recorded() && err != nil {
		t.Fatal(err)
	}
	if job.Cause != "" {
		t.Errorf("%s: %s", c.Verb, job.Cause)
	}
	return job, record
}

// TestCommands gives commands over imports to the built functions, which are killed at random and have too little time.
// What they change must be what the command says, once.
func TestCommands(t *testing.T) {
	w := newWorld(t, sandbox.Faults{Error: 0.002, Drop: 0.002})
	if _, err := w.iot.Ensure([]string{rowPolicy}, "", []string{rowGroup}, ""); err != nil {
		t.Fatal(err)
	}
	l := newLine(t, w, lineOptions{
		name: "commands", kill: 0.1, visibility: 2 * importerTimeout, parameters: map[string]string{
			"AllowUndo": "true", "AllowedPolicies": rowPolicy, "AllowedThingGroups": rowGroup, "CsvColumns": "cert=5,check=1,policy=2,group=3",
		},
	})
	l.start(t)
	upload := func(vendor, name string, body []byte) (id string) {
		t.Helper()
		o := w.upload(t, l.buckets[vendor], name+".csv", body, l.manifests)
		l.until(t, func() (string, error) {
			jobs, err := l.jobs(t.Context())
			if err != nil {
				return "", err
			}
			job, ok := jobs[uploadID(o.Bucket, o.Key, o.Version)]
			if id = job.Import; !ok || job.Phase != stack.PhaseDone {
				return fmt.Sprintf("the import of %s is in phase %q", name, job.Phase), nil
			}
			return "", nil
		})
		return id
	}
	const n = 300
	stays := upload("csv", "stays", askingRows(t, 50))
	before := w.iot.State()
	l.gotWhatRowsAsked(t, stays, before)
	if job, _ := l.command(t, stack.Command{Verb: stack.VerbVerify, Of: []string{stays}, Full: true}); !verified(job, 40) {
		t.Errorf("verify of what rows asked for: %s", job.Progress)
	}
	body, _ := generated(t, "espressif", "goes", n, 0)
	id := upload("espressif", "goes", body)

	if _, i := l.command(t, stack.Command{Verb: stack.VerbDeactivate, Of: []string{id}}); i.Counts.Changed+i.Counts.Unchanged != n {
		t.Errorf("deactivate: %+v", i.Counts)
	}
	if job, _ := l.command(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}}); !verified(job, n) {
		t.Errorf("verify: %s", job.Progress)
	}
	_, i := l.command(t, stack.Command{Verb: stack.VerbUndo, Of: []string{id}})
	t.Logf("undo: %+v; the function: %+v", i.Counts, l.undoer.Stats())
	// Of a device whose importer was killed it is not known whether the import created the thing.
	if c := i.Counts; c.Changed+c.Kept+c.Unchanged != n {
		t.Errorf("undo: %+v", c)
	}
	after := w.iot.State()
	if diff := cmp.Diff(before.Certificates, after.Certificates); diff != "" {
		t.Errorf("certificates: %s", diff)
	}
	if len(after.Things) != len(before.Things)+i.Counts.Kept {
		t.Errorf("%d things before the import and %d after its undo, which kept %d", len(before.Things), len(after.Things), i.Counts.Kept)
	}
}

// verified reports whether that many devices were verified, and none differs.
func verified(job stack.Job, devices int) bool {
	p, err := stack.ReadCommandProgress(job)
	return err == nil && p.Verified != nil && p.Verified.Devices == devices && p.Verified.Drifted == 0
}

// What rows of a table ask for beyond what every device gets.
const (
	rowPolicy = "line-7"
	rowGroup  = "hall-2"
)

// askingRows returns a table. Of five rows, two ask for a policy or a thing group, one for both, one for nothing, and
// one for a policy that the stack does not allow.
func askingRows(t *testing.T, n int) []byte {
	t.Helper()
	body, _ := generated(t, "csv", "rows", n, 0)
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i][1] = []string{"", rowPolicy, "", rowPolicy, "admin"}[i%5]
		rows[i][2] = []string{"", "", rowGroup, rowGroup, ""}[i%5]
	}
	var table bytes.Buffer
	if err := csv.NewWriter(&table).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return table.Bytes()
}

// gotWhatRowsAsked checks that the devices of a table by askingRows have what their rows ask for.
func (l *line) gotWhatRowsAsked(t *testing.T, id string, state sandbox.State) {
	t.Helper()
	outcomes := map[string]int{}
	for r, err := range l.ledger.Records(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		kind := r.Entry % 5
		if kind == 4 {
			outcomes[string(r.Outcome)+" "+r.Reason]++
			continue
		}
		outcomes["imported"]++ // or unchanged, by an importer that was killed before
		hasPolicy := slices.Contains(state.Certificates[r.CertificateID.String()].Policies, rowPolicy)
		hasGroup := slices.Contains(state.Things[r.ThingName].Groups, rowGroup)
		if hasPolicy != (kind%2 == 1) || hasGroup != (kind >= 2) || r.Outcome != ledger.Imported && r.Outcome != ledger.Unchanged {
			t.Errorf("entry %d is %s %s, with policies %v and groups %v", r.Entry, r.Outcome, r.Reason,
				state.Certificates[r.CertificateID.String()].Policies, state.Things[r.ThingName].Groups)
		}
	}
	if diff := cmp.Diff(map[string]int{"imported": 40, "rejected bad-settings": 10}, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got): %s", diff)
	}
}
