package keep

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// TestCommands has every test that needs a DynamoDB, so that one is started for all of them.
func TestCommands(t *testing.T) {
	t.Parallel()
	open := newWorlds(t)
	for name, test := range map[string]func(*testing.T, *world){
		"StatusIsSetOnceHoweverOftenFunctionsDie":   setsStatus,
		"StretchOfManyInvocationsIsProgress":        goesOnWithinStretch,
		"OnlyTheListedDevicesAreChanged":            obeysLists,
		"ListOfOtherDevicesEndsBeforeTheFirstCall":  refusesOtherLists,
		"DriftMadeByHandIsFoundAndMended":           findsDrift,
		"DeactivatedCertificatesAreWantedInactive":  wantsLaterStatus,
		"WhatAKilledFunctionMendedIsCounted":        countsWhatWasMended,
		"CauseIsToldBeforeTheLeaseIsGivenBack":      causeIsToldUnderLease,
		"UndoOfOneOfTwoImportsLeavesTheOther":       undoesOne,
		"UndoKeepsWhatAnotherImportCountsOn":        keepsShared,
		"DryRunChangesNothing":                      rehearses,
		"CancelledCommandEndsAndGoesOnWhenRetried":  cancels,
		"DeletedCertificateIsRegisteredAgain":       registersAgain,
		"EntryInFlightIsNotOurs":                    doubts,
		"WhatEntriesAskedForIsWantedOfTheirDevices": wantsWhatWasAsked,
		"ImportOfWhichThatIsNotKeptIsNotVerified":   refusesUnkept,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, "t-"+strings.ToLower(name[:20])))
		})
	}
}

func setsStatus(t *testing.T, w *world) {
	const n = 120
	id := w.imported(t, "status", n)
	command := w.give(t, stack.Command{Verb: stack.VerbDeactivate, Of: []string{id}})
	job := w.drive(t, command, 400*time.Millisecond, 4)
	if job.Cause != "" {
		t.Errorf("cause %q", job.Cause)
	}
	// What a killed function changed and did not record, the next one finds as it is wanted.
	if c := w.counts(t, command); c.Changed+c.Unchanged != n || w.statuses()["INACTIVE"] != n {
		t.Errorf("%+v, %v", c, w.statuses())
	}
	// A call that was cut off may take effect after the next function has looked.
	if calls, cut := w.server.Calls()["UpdateCertificate"], int(w.cut.Load()); calls > n+cut {
		t.Errorf("%d certificates were updated %d times, of which %d were cut off", n, calls, cut)
	}
	if i, err := w.ledger.Import(t.Context(), command); err != nil || i.State != ledger.StateFinished {
		t.Errorf("%+v, %v", i, err)
	}
	before := w.counts(t, command)
	w.tell(t, command) // a message that comes late
	w.drive(t, command, time.Minute, 0)
	if diff := cmp.Diff(before, w.counts(t, command)); diff != "" {
		t.Error(diff)
	}
}

// A stretch is large, and a function on a slow machine needs many invocations for it. Each records some outcomes.
func goesOnWithinStretch(t *testing.T, w *world) {
	const n, each = 60, 10
	id := w.imported(t, "stretch", n)
	command := w.give(t, stack.Command{Verb: stack.VerbDeactivate, Of: []string{id}})
	for limit, changed := time.Second, 0; ; {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		k := w.instance(t, stretchOfProgram)
		k.Registry = newUpdates(w, each)
		k.Handle(ctx, target, w.queue.take())
		cancel()
		w.expire(t, command) // it had no time to give the lease back, if the machine is slow
		job, err := w.ledger.Get(t.Context(), command)
		if err != nil {
			t.Fatal(err)
		}
		c := w.counts(t, command)
		if job.Ended() {
			if job.Cause != "" || c.Changed+c.Unchanged != n {
				t.Errorf("cause %q, %+v", job.Cause, c)
			}
			return
		}
		if c.Changed+c.Unchanged == changed { // the machine needs more time for any of them
			limit = min(2*limit, time.Minute)
		}
		changed = c.Changed + c.Unchanged
	}
}

// names returns the names of things, in order.
func (w *world) names() []string { return slices.Sorted(maps.Keys(w.server.State().Things)) }

func obeysLists(t *testing.T, w *world) {
	id := w.imported(t, "lists", 30)
	names := w.names()
	command := w.give(t, stack.Command{
		Verb: stack.VerbDeactivate, Of: []string{id}, Only: strings.Join(append(names[:5:5], "absent"), "\n"), Skip: names[0],
	})
	job := w.drive(t, command, time.Minute, 0)
	p, err := stack.ReadCommandProgress(job)
	if err != nil || len(p.UnmatchedOnly) != 1 || p.UnmatchedOnly[0] != "absent" || len(p.UnmatchedSkip) > 0 {
		t.Errorf("%+v, %v", p, err)
	}
	if c := w.counts(t, command); c.Changed != 4 || c.Skipped != 26 || w.statuses()["INACTIVE"] != 4 {
		t.Errorf("%+v, %v", c, w.statuses())
	}
}

func refusesOtherLists(t *testing.T, w *world) {
	id := w.imported(t, "others", 5)
	calls := w.server.Calls()
	command := w.give(t, stack.Command{Verb: stack.VerbDeactivate, Of: []string{id}, Only: "somebody\nelse"})
	if job := w.drive(t, command, time.Minute, 0); !strings.Contains(job.Cause, "no line matches") {
		t.Errorf("cause %q", job.Cause)
	}
	if diff := cmp.Diff(calls, w.server.Calls()); diff != "" {
		t.Errorf("calls: %s", diff)
	}
}

// drifts returns the reasons of what verify found, by thing.
func (w *world) drifts(t *testing.T, job stack.Job) map[string]string {
	t.Helper()
	p, err := stack.ReadCommandProgress(job)
	if err != nil || p.Verified == nil || job.Cause != "" {
		t.Fatalf("%+v, %v, cause %q", p, err, job.Cause)
	}
	found := map[string]string{}
	for _, key := range p.Verified.Parts {
		for _, text := range lines(w.objects.texts[key]) {
			var line stack.DriftLine
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Fatal(err)
			}
			found[line.Thing] += string(line.Reason) + " "
		}
	}
	if len(found) != p.Verified.Drifted {
		t.Errorf("%d devices differ, and the lists have %v", p.Verified.Drifted, found)
	}
	return found
}

// arnOf returns the ARN of the certificate of a thing, and its ID.
func (w *world) arnOf(t *testing.T, thing string) (arn, id string) {
	t.Helper()
	links, _, err := w.client.AWS().Principals.ListThingPrincipals(t.Context(), thing, "")
	if err != nil || len(links) != 1 {
		t.Fatalf("%s: %v, %v", thing, links, err)
	}
	_, id, _ = strings.Cut(links[0].Name, ":cert/")
	return links[0].Name, id
}

func findsDrift(t *testing.T, w *world) {
	const n = 60
	id := w.imported(t, "drift", n)
	full := w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}, Full: true})
	if found := w.drifts(t, w.drive(t, full, time.Minute, 0)); len(found) > 0 {
		t.Fatalf("there is drift before anybody changed anything: %v", found)
	}
	names, aws := w.names(), w.client.AWS()
	policy, _ := w.arnOf(t, names[3])
	_, inactive := w.arnOf(t, names[20])
	if err := aws.Removals.DetachPolicy(t.Context(), "connect", policy); err != nil {
		t.Fatal(err)
	}
	if err := aws.Certificates.UpdateCertificate(t.Context(), inactive, iot.StatusInactive); err != nil {
		t.Fatal(err)
	}
	if err := aws.Removals.RemoveThingFromThingGroup(t.Context(), "line", names[41]); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{names[3]: "drift-policy-missing ", names[20]: "drift-status ", names[41]: "drift-group-missing "}
	// With little time, an invocation gets a part of the devices.
	job := w.drive(t, w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}}), 4*time.Second, 3)
	if diff := cmp.Diff(want, w.drifts(t, job)); diff != "" {
		t.Errorf("-want +got: %s", diff)
	}
	fix := w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}, Fix: true})
	if diff := cmp.Diff(want, w.drifts(t, w.drive(t, fix, time.Minute, 0))); diff != "" {
		t.Errorf("-want +got: %s", diff)
	}
	if c := w.counts(t, fix); c.Changed != 2 || c.Failed != 1 { // a status is not missing
		t.Errorf("%+v", c)
	}
	notice := w.noticeOf(t, fix)
	kinds := map[string]int{}
	for _, r := range notice.Event.Reasons {
		kinds[r.Reason] += r.Count
	}
	if diff := cmp.Diff(map[string]int{"drift-policy-missing": 1, "drift-status": 1, "drift-group-missing": 1}, kinds); diff != "" {
		t.Errorf("the notice has -want +got: %s", diff)
	}
	if e := notice.Event; e.Counts.Changed != 2 || e.Pending != 0 || e.Verified == nil || e.Verified.Drifted != 3 || len(e.Reports) != 1 ||
		!strings.HasPrefix(e.Reports[0], "s3://reports/espressif/"+id+"/verify-"+fix) ||
		notice.Subject != "verify, 3 devices differ: a.csv" {
		t.Errorf("%+v", notice)
	}
	if !strings.Contains(notice.Text, "\nMended: 2 changed, 1 failed.\n") ||
		!strings.Contains(notice.Text, "\nthen try them again with: thingpress retry "+fix+" --stack line\n") {
		t.Error(notice.Text)
	}
	left := w.drifts(t, w.drive(t, w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}}), time.Minute, 0))
	if diff := cmp.Diff(map[string]string{names[20]: "drift-status "}, left); diff != "" {
		t.Errorf("-want +got: %s", diff)
	}
}

// An invocation may mend devices and die before it saves what it found. The next one finds nothing, and said so.
func countsWhatWasMended(t *testing.T, w *world) {
	id := w.imported(t, "mended", 10)
	arn, _ := w.arnOf(t, w.names()[3])
	if err := w.client.AWS().Removals.DetachPolicy(t.Context(), "connect", arn); err != nil {
		t.Fatal(err)
	}
	w.objects.fail = 1
	fix := w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}, Fix: true})
	p, err := stack.ReadCommandProgress(w.drive(t, fix, time.Minute, 0))
	if c := w.counts(t, fix); err != nil || c.Changed != 1 || p.Verified.Drifted != 1 || w.objects.fail > 0 {
		t.Errorf("%+v, %+v, %v", c, p.Verified, err)
	}
	if n := w.noticeOf(t, fix); n.Subject != "verify, 1 device differs: a.csv" || !strings.Contains(n.Text, "\nMended: 1 changed.\n") {
		t.Errorf("%+v", n)
	}
}

func wantsLaterStatus(t *testing.T, w *world) {
	id := w.imported(t, "later", 10)
	w.drive(t, w.give(t, stack.Command{Verb: stack.VerbDeactivate, Of: []string{id}}), time.Minute, 0)
	if found := w.drifts(t, w.drive(t, w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}}), time.Minute, 0)); len(found) > 0 {
		t.Errorf("%v", found)
	}
}

func undoesOne(t *testing.T, w *world) {
	const n = 80
	w.imported(t, "stays", 20)
	before := w.server.State()
	id := w.imported(t, "goes", n)
	command := w.give(t, stack.Command{Verb: stack.VerbUndo, Of: []string{id}})
	job := w.drive(t, command, 500*time.Millisecond, 5)
	if c := w.counts(t, command); job.Cause != "" || c.Changed+c.Unchanged != n {
		t.Errorf("cause %q, %+v", job.Cause, c)
	}
	if diff := cmp.Diff(before.Things, w.server.State().Things); diff != "" {
		t.Errorf("things: %s", diff)
	}
	if diff := cmp.Diff(before.Certificates, w.server.State().Certificates); diff != "" {
		t.Errorf("certificates: %s", diff)
	}
}

func keepsShared(t *testing.T, w *world) {
	id := w.imported(t, "twice", 10)
	again := w.imported(t, "twice", 10)
	before := w.registry(t)
	command := w.give(t, stack.Command{Verb: stack.VerbUndo, Of: []string{id}})
	w.drive(t, command, time.Minute, 0)
	if c := w.counts(t, command); c.Kept != 10 {
		t.Errorf("%+v", c)
	}
	if after := w.registry(t); after != before {
		t.Error("the undo of one changed what the other counts on")
	}
	both := w.give(t, stack.Command{Verb: stack.VerbUndo, Of: []string{id, again}})
	w.drive(t, both, time.Minute, 0)
	if c := w.counts(t, both); c.Changed != 10 || c.Skipped != 10 || len(w.names()) != 0 || len(w.statuses()) != 0 {
		t.Errorf("both: %+v, %v, %v", c, w.names(), w.statuses())
	}
}

func rehearses(t *testing.T, w *world) {
	id := w.imported(t, "rehearsal", 10)
	before := w.registry(t)
	job := w.drive(t, w.give(t, stack.Command{Verb: stack.VerbUndo, Of: []string{id}, DryRun: true}), time.Minute, 0)
	p, err := stack.ReadCommandProgress(job)
	if err != nil || p.Counts.Changed != 10 || p.Planned["DeleteThing"] != 10 || p.Planned["DeleteCertificate"] != 10 {
		t.Errorf("%+v, %v", p, err)
	}
	if w.registry(t) != before {
		t.Error("a dry run changed something")
	}
	if n := w.noticeOf(t, job.Import); !n.Event.DryRun || n.Event.Counts.Changed != 10 || n.Event.Import != id ||
		n.Subject != "dry run of undo, 10 changed: a.csv" {
		t.Errorf("%+v", n)
	}
}

func cancels(t *testing.T, w *world) {
	const n = 60
	id := w.imported(t, "cancel", n)
	command := w.give(t, stack.Command{Verb: stack.VerbDeactivate, Of: []string{id}})
	order := func(kind string) {
		if _, err := w.ledger.SetOrder(t.Context(), command, stack.Order{Kind: kind, By: "me", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		w.tell(t, command)
	}
	order(stack.OrderCancel)
	if job := w.drive(t, command, time.Minute, 0); !strings.HasPrefix(job.Cause, "cancelled by me") || w.statuses()["INACTIVE"] > 0 {
		t.Errorf("cause %q, %v", job.Cause, w.statuses())
	}
	if n := w.noticeOf(t, command); n.Event.State != "cancelled" || n.Subject != "CANCELLED: deactivate of a.csv" {
		t.Errorf("%+v", n)
	}
	order(stack.OrderRetry)
	if job := w.drive(t, command, time.Minute, 0); job.Cause != "" || w.statuses()["INACTIVE"] != n {
		t.Errorf("cause %q, %v", job.Cause, w.statuses())
	}
	if told := w.noticeOf(t, command); told.Event.State != "finished" || told.Event.Verb != "deactivate" || told.Event.Counts.Changed != n {
		t.Errorf("%+v", told)
	}
}

// An importer that died may have registered a certificate for an entry without an outcome.
func doubts(t *testing.T, w *world) {
	id := w.imported(t, "doubt", 10)
	lease, err := w.ledger.Lease(t.Context(), id, "test", time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	job, err := w.ledger.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	// Ten of twelve entries have an outcome; the eleventh had been sent.
	job.Sent = 11
	i, err := w.ledger.Import(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	i.Manifests[0].Entries = 12
	if err := w.ledger.Restart(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	if err := w.ledger.Save(t.Context(), lease, job); err != nil {
		t.Fatal(err)
	}
	command := w.give(t, stack.Command{Verb: stack.VerbUndo, Of: []string{id}})
	w.drive(t, command, time.Minute, 0)
	if c := w.counts(t, command); c.Changed != 10 || c.Kept != 1 || c.Skipped != 1 {
		t.Errorf("%+v", c)
	}
}
