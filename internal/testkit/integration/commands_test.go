package integration

import (
	"encoding/json"
	"fmt"
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
	l := newLine(t, w, lineOptions{
		name: "commands", kill: 0.1, visibility: 2 * importerTimeout, parameters: map[string]string{"AllowUndo": "true"},
	})
	l.start(t)
	upload := func(name string, n int) (id string) {
		t.Helper()
		body, _ := generated(t, "espressif", name, n, 0)
		o := w.upload(t, l.buckets["espressif"], name+".csv", body, l.manifests)
		l.until(t, func() (string, error) {
			jobs, err := l.jobs(t.Context())
			if err != nil {
				return "", err
			}
			job, ok := jobs[o.Bucket+"/"+o.Key+"@"+o.Version]
			if id = job.Import; !ok || job.Phase != stack.PhaseDone {
				return fmt.Sprintf("the import of %s is in phase %q", name, job.Phase), nil
			}
			return "", nil
		})
		return id
	}
	const n = 300
	upload("stays", 50)
	before := w.iot.State()
	id := upload("goes", n)

	if _, i := l.command(t, stack.Command{Verb: stack.VerbDeactivate, Of: []string{id}}); i.Counts.Changed+i.Counts.Unchanged != n {
		t.Errorf("deactivate: %+v", i.Counts)
	}
	job, _ := l.command(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}})
	var p stack.CommandProgress
	if err := json.Unmarshal(job.Progress, &p); err != nil || p.Verified == nil || p.Verified.Devices != n || p.Verified.Drifted != 0 {
		t.Errorf("verify: %s, %v", job.Progress, err)
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
