package keep

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/stack"
)

// deleted deletes the certificate of a thing by hand.
func (w *world) deleted(t *testing.T, thing string) {
	t.Helper()
	aws := w.client.AWS()
	arn, id := w.arnOf(t, thing)
	for _, do := range []func() error{
		func() error { return aws.Removals.DetachPolicy(t.Context(), "connect", arn) },
		func() error { return aws.Removals.DetachThingPrincipal(t.Context(), thing, arn) },
		func() error { return aws.Certificates.UpdateCertificate(t.Context(), id, iot.StatusInactive) },
		func() error { return aws.Removals.DeleteCertificate(t.Context(), id) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
}

// The ledger has only the IDs of certificates, and the manifest is usually still in its bucket. What an undo deleted must
// not come back.
func registersAgain(t *testing.T, w *world) {
	const n = 50
	id := w.imported(t, "again", n)
	names := w.names()
	w.drive(t, w.give(t, stack.Command{Verb: stack.VerbUndo, Of: []string{id}, Only: names[7]}), time.Minute, 0)
	if len(w.server.State().Certificates) != n-1 {
		t.Fatal("the undo deleted nothing")
	}
	for _, name := range []string{names[2], names[30], names[49]} {
		w.deleted(t, name)
	}
	verify := stack.Command{Verb: stack.VerbVerify, Of: []string{id}, Fix: true}
	command := w.give(t, verify)
	w.drive(t, command, 4*time.Second, 2)
	if c := w.counts(t, command); c.Changed != 3 || c.Failed != 1 {
		t.Errorf("%+v", c)
	}
	left := w.drifts(t, w.drive(t, w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}}), time.Minute, 0))
	if diff := cmp.Diff(map[string]string{names[7]: "drift-certificate-gone drift-thing-gone "}, left); diff != "" {
		t.Errorf("-want +got: %s", diff)
	}
	if have := len(w.server.State().Certificates); have != n-1 {
		t.Errorf("%d certificates", have)
	}

	// Without its manifest it is left, and the reason is told.
	w.deleted(t, names[2])
	w.manifests.Delete(id)
	command = w.give(t, verify)
	p, err := stack.ReadCommandProgress(w.drive(t, command, time.Minute, 0))
	if err != nil || p.Verified.Unreadable != "it was deleted" {
		t.Errorf("%+v, %v", p.Verified, err)
	}
	if c := w.counts(t, command); c.Failed != 2 {
		t.Errorf("%+v", c)
	}
}
