package after_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// renewed returns an Espressif manifest with the certificates of one manifest for the MAC addresses of
// another.
func renewed(t *testing.T, of, certificates string) string {
	t.Helper()
	rows := func(path string) [][]string {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		all, err := csv.NewReader(file).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	old, fresh := rows(of), rows(certificates)
	for i := range fresh {
		fresh[i][0] = old[i][0] // MAC
	}
	path := filepath.Join(t.TempDir(), "renewed.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(file)
	if err := w.WriteAll(fresh); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// working counts the certificates with which each thing can connect: ACTIVE, attached, with the policy.
func working(state sandbox.State) map[string]int {
	count := map[string]int{}
	for name, thing := range state.Things {
		count[name] = 0
		for _, id := range thing.Certificates {
			if c := state.Certificates[id]; c.Status == "ACTIVE" && slices.Equal(c.Policies, []string{"p"}) {
				count[name]++
			}
		}
	}
	return count
}

// A device without a working certificate can be reached by nobody any more.
func TestKilledReplacementLeavesEveryDeviceOneWorkingCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const devices = 10
	first := clitest.Generate(t, "espressif", devices)
	second := renewed(t, first, generateSeeded(t, "second", devices))
	w.importAll(t, first, "--thing-name", "{mac}")
	w.server.SetFaults(badly)
	command := []string{"replace", "--endpoint-url", w.url, "--thing-name", "{mac}", second}

	least := func(when string, want int) {
		t.Helper()
		for name, n := range working(w.server.State()) {
			if n < want {
				t.Errorf("%s: thing %s has %d working certificates", when, name, n)
			}
		}
	}
	for range rounds(2) {
		w.killed(t, 1, command...)
		least("in the first run", 1)
	}
	if s, code := w.later(t, command...); code != 0 || s.Kept != devices || s.Failures[0].Reason != "in-grace" {
		t.Fatalf("exit code %d, %+v; want all in grace", code, s)
	}
	least("in grace", 2)

	command = append(command, "--grace", "0")
	for range rounds(3) {
		w.killed(t, 1, command...)
		least("in the second run", 1)
	}
	if s, code := w.later(t, command...); code != 0 || s.Changed+s.Unchanged != devices {
		t.Errorf("exit code %d, %+v; want all replaced", code, s)
	}
	state := w.server.State()
	want := map[string]int{}
	for name := range state.Things {
		want[name] = 1
	}
	if diff := cmp.Diff(want, working(state)); diff != "" || len(state.Certificates) != devices {
		t.Errorf("%d certificates; working, -want +got: %s", len(state.Certificates), diff)
	}
}

// A replacement must be undoable as long as the old certificates work, and not afterwards.
func TestReplacementIsUndoneUntilTheOldCertificateIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const devices = 6
	first := clitest.Generate(t, "espressif", devices)
	second := renewed(t, first, generateSeeded(t, "other", devices))
	w.importAll(t, first, "--thing-name", "{mac}")
	before := w.server.State()
	command := []string{"replace", "--endpoint-url", w.url, "--thing-name", "{mac}", second}

	s, code := w.later(t, command...)
	if code != 0 || s.Kept != devices {
		t.Fatalf("exit code %d, %+v", code, s)
	}
	if s, code := w.later(t, "undo", s.Command); code != 0 || s.Changed != devices {
		t.Errorf("undo: exit code %d, %+v", code, s)
	}
	if diff := cmp.Diff(before, w.server.State()); diff != "" {
		t.Errorf("-before +after: %s", diff)
	}

	book := filepath.Join(t.TempDir(), "b.db")
	if s, code = w.later(t, append(command, "--grace", "0", "--ledger", book)...); code != 0 || s.Changed != devices {
		t.Fatalf("exit code %d, %+v", code, s)
	}
	replaced := w.server.State()
	s, code = w.later(t, "undo", s.Command, "--ledger", book)
	if code != 3 || s.Kept != devices || s.Failures[0].Reason != "kept-replaced" {
		t.Errorf("undo after the removal: exit code %d, %+v", code, s)
	}
	if diff := cmp.Diff(replaced, w.server.State()); diff != "" {
		t.Errorf("undo after the removal changed something: %s", diff)
	}
}
