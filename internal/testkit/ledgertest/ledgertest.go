// Package ledgertest has the tests that every implementation of [ledger.Ledger] must pass.
package ledgertest

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Run runs the suite. Open must return a ledger without imports and register its
// closing with [testing.T.Cleanup].
func Run(t *testing.T, open func(t *testing.T) ledger.Ledger) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, ledger.Ledger)
	}{
		{"ImportComesBackAsItWasBegun", importComesBack},
		{"UnknownImportsAreNotFound", unknownImports},
		{"SecondImportOfOneIDIsRefused", secondImportOfOneID},
		{"ImportsAreNewestFirst", importsNewestFirst},
		{"FindReturnsTheNewestOfAKey", findReturnsTheNewest},
		{"CloseTellsHowTheRunEnded", closeTellsTheEnd},
		{"ResumeRunsAgain", resumeRunsAgain},
		{"ClosedJournalRefusesEverything", closedJournal},
		{"RecordsComeBackInOrder", recordsInOrder},
		{"EveryFieldOfARecordIsKept", everyField},
		{"LaterRecordReplacesAndCountsInstead", laterRecordReplaces},
		{"SameRecordAgainChangesNothing", sameRecordAgain},
		{"TwoRecordsOfOneEntryInOneCall", twoRecordsInOneCall},
		{"StepsOfEarlierRecordsAreKept", stepsAreKept},
		{"RecordTakesTheMarkAway", recordTakesMarkAway},
		{"FirstMarkStands", firstMarkStands},
		{"ImportsDoNotMix", importsDoNotMix},
		{"NothingIsWrittenWhereOneRecordIsWrong", allOrNothing},
		{"PlacesOutsideTheImportAreRefused", outsidePlaces},
		{"EmptyCallsAreFine", emptyCalls},
		{"IterationsCanBeLeftEarly", leaveEarly},
		{"IterationsMissNothingWhileOthersWrite", writingMeanwhile},
		{"EndedContextIsTold", endedContext},
		{"ManyAtOnceStayExact", manyAtOnce},
		{"CountsEqualARecountWhateverIsWritten", countsEqualRecount},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

// began is when the first import of a test begins. AWS and the file have a
// resolution of microseconds.
var began = time.Date(2026, 3, 4, 5, 6, 7, 890123000, time.UTC)

// newImport returns an import with manifests of the given numbers of entries.
func newImport(key string, entries ...int) ledger.Import {
	i := ledger.Import{
		ID:  uuid.Must(uuid.NewV7()).String(),
		Key: key,
		Target: ledger.Target{
			Partition: "aws", Account: "123456789012", Region: "eu-central-1", Endpoint: "https://localhost:4510",
			Sandbox: "s1",
		},
		Settings: `{"policies":["p"]}`,
		Begun:    began,
	}
	for n, count := range entries {
		i.Manifests = append(i.Manifests, ledger.Manifest{
			Name: "reel-" + string(rune('a'+n)) + ".csv", SHA256: "00ff", Size: 1 << 40, Vendor: "espressif", Entries: count,
		})
	}
	return i
}

func begin(t *testing.T, l ledger.Ledger, i ledger.Import) ledger.Journal {
	t.Helper()
	j, err := l.Begin(context.Background(), i)
	check(t, err)
	return j
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares values. It treats empty and nil slices alike, as JSON does.
func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for item, err := range seq {
		check(t, err)
		all = append(all, item)
	}
	return all
}

// lastError returns the error that ends an iteration.
func lastError[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

func counts(t *testing.T, l ledger.Ledger, id string) ledger.Counts {
	t.Helper()
	i, err := l.Import(context.Background(), id)
	check(t, err)
	return i.Counts
}

func record(manifest, entry int, o ledger.Outcome, steps ...ledger.Step) ledger.Record {
	return ledger.Record{
		Place: ledger.Place{Manifest: manifest, Entry: entry}, Outcome: o, ThingName: "thing", Steps: steps, At: began,
	}
}

func mark(m, entry int, at time.Time) ledger.Mark {
	return ledger.Mark{
		Place: ledger.Place{Manifest: m, Entry: entry}, CertificateID: manifest.CertificateIDOf([]byte("c")),
		ThingName: "thing", At: at,
	}
}
