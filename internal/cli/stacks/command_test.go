package stacks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A stack without AllowUndo has no function that may delete. A command over imports must reach the function that the
// stack has, wait for its end, and print what the ledger has.
func (d *deployed) commands(t *testing.T) {
	t.Helper()
	const name = "thingpress"
	prints := func(exit int, want string, args ...string) {
		t.Helper()
		out, said := d.exits(exit, append(args, "--stack", name)...)
		if !strings.Contains(out+said, want) {
			t.Errorf("%v prints\n%s%s\nno %q", args, out, said, want)
		}
	}
	prints(1, "does not allow an undo\nhint: allow it with thingpress stack deploy --parameter AllowUndo=true", "undo", idGood, "--yes")
	prints(1, "hint: wait for its end with thingpress stack import --follow "+idRunning, "deactivate", idRunning, "--yes")
	prints(2, "--ledger cannot be combined with --stack", "verify", idGood, "--ledger", "x.db")
	prints(2, "nothing was deactivated", "deactivate", idGood)

	other := stack.Job{Import: "0199f1c2-00ff-7d4e-9a51-0b6f4a1f2c3d", Phase: stack.PhaseWork, Command: &stack.Command{
		Verb: stack.VerbActivate, Of: []string{idGood},
	}}
	d.begins(t, other)
	prints(1, "import "+idGood+": activate "+other.Import+" has not ended\nhint: wait for its end, or cancel it with thingpress cancel "+
		other.Import,
		"deactivate", idGood, "--yes")
	d.ends(t, other)

	stop := d.works(t)
	prints(0, "finished: deactivate: 3 devices changed in ", "deactivate", idGood, "--yes", "--quiet")
	prints(3, "1 of 3 devices of import "+idGood+" differs", "verify", idGood, "--quiet")
	out, _ := d.exits(3, "verify", idGood, "--stack", name, "--quiet", "--output", "json")
	var line stack.DriftLine
	if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &line); err != nil || line.Type != "drift" ||
		line.Thing != "imported-1" {
		t.Errorf("%v: %s", err, out)
	}
	stop()
	prints(0, "later: deactivate ", "show", idGood[:13])
	asked := []ledger.Asked{{Place: ledger.Place{Entry: 1}, Settings: `{"policies":["special"]}`}}
	if err := d.ledger.KeepSettings(t.Context(), idGood, asked); err != nil {
		t.Fatal(err)
	}
	prints(0, "devices: policy special: 1 device\n", "show", idGood)
	shown, _ := d.exits(0, "show", idGood, "--stack", name, "--output", "json")
	if !strings.Contains(shown, `"distribution":[{"kind":"policy","name":"special","devices":1}]`) {
		t.Errorf("%s", shown)
	}
	prints(0, "imported-1: 4 imports\n", "show", "imported-1")
	prints(0, "  its entry asked for policy special\n", "show", "imported-1")
	prints(0, "  deactivate "+idGood+", 123456789012/us-east-1\n  changed: entry 1 of good.7z\n", "show", "imported-1")
	prints(2, "absent is neither an import of stack thingpress nor a device of one; the latest imports are:\n", "show", "absent")
	prints(2, "hint: compare all its devices with thingpress verify "+idGood+" --stack thingpress", "show", idGood, "--live")
	certificate := manifest.CertificateIDOf([]byte{1}).String()
	prints(0, certificate+" is not registered\n", "show", certificate, "--live")
	history, _ := d.exits(0, "show", "imported-1", "--stack", name, "--output", "json")
	if n := strings.Count(history, `"type":"history"`); n != 5 || !strings.Contains(history, `"verb":"deactivate"`) ||
		strings.Count(history, `"stack":"thingpress"`) != 5 || strings.Contains(history, `"ledger"`) {
		t.Errorf("%d lines:\n%s", n, history)
	}
	prints(0, idGood, "imports")
	prints(0, "imported-2", "report", idGood)
	prints(0, "<!DOCTYPE html>", "report", idGood, "--format", "html")
}

// works plays the keeper until stop is called: it changes every device, and finds that one of them differs.
func (d *deployed) works(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			for job, err := range d.ledger.Open(ctx) {
				if err == nil && job.Command != nil {
					d.finish(ctx, job)
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func (d *deployed) finish(ctx context.Context, job stack.Job) {
	lease, err := d.ledger.Lease(ctx, job.Import, "keeper", time.Now().Add(time.Minute))
	if err != nil {
		return
	}
	if job.Command.Recorded() {
		journal, err := d.ledger.Resume(ctx, job.Import)
		if err != nil {
			d.Error(err)
			return
		}
		if err := journal.Record(ctx, outcomesOf(3)); err != nil {
			d.Error(err)
		}
	} else {
		text, _ := json.Marshal(stack.DriftLine{ //nolint:errchkjson // texts and numbers
			Type: "drift", Import: job.Command.Of[0], Manifest: "good.7z", Entry: 1, Thing: "imported-1", Reason: "drift-status", Detail: "INACTIVE",
			CertificateID: manifest.CertificateIDOf([]byte("c")),
		})
		key := stack.FindingsKey("infineon", job.Command.Of[0], job.Import, 0)
		if _, err := d.s3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: aws.String(d.resources["ReportsBucket"]), Key: &key, Body: strings.NewReader(string(text) + "\n"),
		}); err != nil {
			d.Error(err)
		}
		job.Progress, _ = json.Marshal(stack.CommandProgress{Verified: &stack.Verified{ //nolint:errchkjson // the same
			Devices: 3, Drifted: 1, Sample: 3, Parts: []string{key}, Findings: []ledger.Reason{{
				Outcome: "drift", Reason: "drift-status", Count: 1, Examples: []ledger.Record{{ThingName: "imported-1", Detail: "INACTIVE"}},
			}},
		}})
	}
	if err := d.ender().End(ctx, lease, job, ""); err != nil {
		d.Error(err)
	}
}

func (d *deployed) ender() *stack.CommandEnder {
	return &stack.CommandEnder{
		Ledger: d.ledger, Jobs: d.ledger, Leases: d.ledger, Notices: d.completer.Notices, Stack: "thingpress",
		Reports: d.resources["ReportsBucket"],
	}
}

// begins begins a command, as another operator does at the same moment.
func (d *deployed) begins(t *testing.T, job stack.Job) {
	t.Helper()
	if err := d.ledger.Command(t.Context(), job); err != nil {
		t.Fatal(err)
	}
}

// ends ends a command of begins, of which the ledger keeps no record.
func (d *deployed) ends(t *testing.T, job stack.Job) {
	t.Helper()
	lease, err := d.ledger.Lease(t.Context(), job.Import, "keeper", time.Now().Add(time.Minute))
	if err == nil {
		err = d.ender().End(t.Context(), lease, job, "")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func outcomesOf(n int) []ledger.Record {
	list := outcomes(n, ledger.Changed, "", "")
	for i := range list {
		list[i].Entry, list[i].At, list[i].ThingName = i, time.Now(), fmt.Sprintf("imported-%d", i)
	}
	return list
}
