package integration

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// mostPatience is how long a line may stand. The sweep heals what is lost after five minutes.
const mostPatience = 8 * time.Minute

// TestStack imports real manifests, and 20,000 devices some of which have defects.
// The stacks' functions are killed at random and have far too little time, their
// queues deliver twice and out of order, and their AWS IoT throttles and fails now
// and then. No entry may be lost or counted twice.
func TestStack(t *testing.T) {
	w := newWorld(t, sandbox.Faults{Throttle: 0.0002, Error: 0.002, Drop: 0.002})
	w.meters["SQS"].Slow("SendMessageBatch", sendingTime)
	// Four product lines share an account and a region.
	main := newLine(t, w, lineOptions{name: "main", kill: 0.1, visibility: 2 * importerTimeout})
	old := newLine(t, w, lineOptions{
		name: "old", kill: 0.1, visibility: 2 * importerTimeout,
		parameters: map[string]string{"AllowExpired": "true"},
	})
	wrong := newLine(t, w, lineOptions{
		name: "wrong", visibility: importerTimeout, givesUp: true,
		parameters: map[string]string{"IoTPolicies": "connect,absent"},
	})
	broken := newLine(t, w, lineOptions{name: "broken", visibility: 2 * importerTimeout, givesUp: true, brokenImporter: true})
	// Its functions have time, so that only its operator stops an import.
	ordered := newLine(t, w, lineOptions{name: "ordered", calm: true, visibility: time.Minute, env: []string{"THINGPRESS_IN_FLIGHT=100"}})
	lines := []*line{main, old, wrong, broken, ordered}

	n := 20_000
	if require.Race {
		n = 2_000
		t.Logf("%d devices instead of 20,000 under the race detector", n)
	}
	espressif, microchip := shipped(t, "espressif", "manifest-espressif.csv"), shipped(t, "microchip", "ECC608C-TNGTLSU-B.json")
	many, wantMany := generated(t, "espressif", "many", n, 0.02)
	cut, wantCut := generated(t, "espressif", "cut", 600, 0)
	few, wantFew := generated(t, "espressif", "few", 12, 0)
	signers(t, main)

	uploads := map[*line][]stacktest.Object{}
	up := func(l *line, vendor, key string, body []byte) stacktest.Object {
		t.Helper()
		o := w.upload(t, l.buckets[vendor], key, body, l.manifests)
		uploads[l] = append(uploads[l], o)
		return o
	}
	for _, l := range lines {
		if err := l.manifests.Send(t.Context(), stacktest.TestEvent(l.buckets["espressif"], time.Now())); err != nil {
			t.Fatal(err)
		}
		l.start(t)
	}
	ordered.importing.Stop()
	manyUpload := up(main, "espressif", "20 000 Geräte.csv", many)
	espressifUpload := up(main, "espressif", "Los 1/ESP+C6 & ünïcode (1).CSV", espressif)
	infineonUpload := up(main, "infineon", "nested/folders/of/a reel/MANIFEST.7Z", shipped(t, "infineon", "manifest-infineon.7z"))
	microchipUpload := up(main, "microchip", "ECC608C TNGTLSU=B+1", microchip)
	misplaced := up(main, "infineon", "espressif in the wrong bucket.7z", espressif)
	leaked := up(main, "generated", "with a key.pem", withPrivateKey(t, shipped(t, "generated", "single.pem")))
	oldUpload := up(old, "generated", "expired+long ago.txt", shipped(t, "generated", "certificates_test.txt"))
	cutUpload := up(ordered, "espressif", "cancelled in the middle.csv", cut)
	wrongUpload := up(wrong, "espressif", "reel.csv", espressif)
	brokenUpload := up(broken, "espressif", "reel.csv", few)
	if err := wrong.devices.Send(t.Context(), "no device at all"); err != nil {
		t.Fatal(err)
	}

	ordered.sweep(t)
	ordered.cutShort(t, cutUpload)
	for _, l := range lines {
		l.rest(t, uploads[l])
	}

	whole := t
	t.Run("what a broken importer left is failed, and comes back", func(t *testing.T) {
		state := w.iot.State()
		job := broken.finished(t, brokenUpload, state, reasoned(len(wantFew), ledger.Failed, "undeliverable"))
		noticed(t, broken.notices(t.Context(), t, broken.mailbox), job, "12 failed", "thingpress stack redrive")
		depth, err := broken.devicesParked.Depth(t.Context())
		if err != nil || depth < len(wantFew) {
			t.Errorf("%d messages are parked, %v", depth, err)
		}
		broken.repair(whole) // it works to the end
		if moved, err := broken.devicesParked.Move(t.Context(), broken.devices); err != nil || moved != depth {
			t.Fatalf("%d of %d messages are moved, %v", moved, depth, err)
		}
		var texts []string
		broken.until(t, func() (string, error) {
			texts = append(texts, broken.notices(t.Context(), t, broken.mailbox)...)
			for _, text := range texts {
				if strings.Contains(text, job.Import) && strings.Contains(text, "12 imported") {
					return "", nil
				}
			}
			return "no notice that the redriven devices are imported", nil
		})
		broken.rest(t, uploads[broken])
		broken.finished(t, brokenUpload, w.iot.State(), wantFew)
	})

	t.Run("the same content again is a new import in which all is unchanged", func(t *testing.T) {
		again := up(main, "espressif", espressifUpload.Key, espressif)
		main.rest(t, uploads[main])
		if again.Version == espressifUpload.Version {
			t.Fatal("no new version")
		}
		job := main.finished(t, again, w.iot.State(), all(7, ledger.Unchanged))
		first, _ := main.job(t, espressifUpload)
		if job.Import == first.Import {
			t.Error("one import for both")
		}
	})

	t.Run("every entry has its outcome", func(t *testing.T) {
		state := w.iot.State()
		main.finished(t, manyUpload, state, wantMany)
		main.finished(t, espressifUpload, state, all(7, ledger.Imported))
		main.finished(t, infineonUpload, state, all(200, ledger.Imported))
		main.finished(t, microchipUpload, state, all(10, ledger.Imported))
		old.finished(t, oldUpload, state, all(100, ledger.Imported))
		ordered.finished(t, cutUpload, state, wantCut)
		devices := 7 + 200 + 10 + 100 + len(wantFew) + len(wantCut)
		for _, o := range wantMany {
			if o.Outcome == ledger.Imported {
				devices++
			}
		}
		if len(state.Things) != devices || len(state.Certificates) != devices {
			t.Errorf("%d things and %d certificates are in the registry, want %d", len(state.Things), len(state.Certificates), devices)
		}
	})

	t.Run("operators are told", func(t *testing.T) {
		notices := main.notices(t.Context(), t, main.mailbox)
		for _, o := range []stacktest.Object{manyUpload, espressifUpload, infineonUpload, microchipUpload} {
			job, _ := main.job(t, o)
			noticed(t, notices, job, " imported", "report.jsonl", "report.csv")
		}
		noticed(t, notices, main.stopped(t, misplaced, "espressif", main.buckets["espressif"]), "STOPPED")
		noticed(t, notices, main.stopped(t, leaked, "private key"), "STOPPED")
		noticed(t, wrong.notices(t.Context(), t, wrong.mailbox), wrong.stopped(t, wrongUpload, "absent"), "absent")
	})

	t.Run("no message is left but what is parked on purpose", func(t *testing.T) {
		for _, l := range lines {
			l.empty(t)
		}
		if depth, err := wrong.devicesParked.Depth(t.Context()); err != nil || depth != 1 {
			t.Errorf("%d messages of the wrong line are parked, want the one that is not a device: %v", depth, err)
		}
	})

	for _, l := range lines {
		l.stop() // what they wrote has been copied then
	}

	t.Run("alarms see their metrics, and events are put", func(t *testing.T) {
		alarmed(t, lines, stack.MetricStoppedImports, stack.MetricUndeliverable, stack.MetricOldestDevice)
		if n := w.meters["EVENTBRIDGE"].Usage()["PutEvents"].Requests; n < 10 {
			t.Errorf("%g events for ten ends of imports", float64(n))
		}
	})

	t.Run("the functions had to stand something, and stood it", func(t *testing.T) {
		handedOn, handedBack, killed := 0, 0, 0
		for _, l := range lines {
			on, back := l.logged(t)
			handedOn, handedBack = handedOn+on, handedBack+back
		}
		for name, f := range map[string]*stacktest.Function{
			"decoder": main.decoder, "importer": main.importer,
			"undeliverable": main.undeliverable,
		} {
			stats := f.Stats()
			t.Logf("%s: %+v", name, stats)
			killed += stats.Killed
			if stats.Failed > 0 {
				t.Errorf("%s: %d invocations failed by themselves", name, stats.Failed)
			}
			if stats.Memory > 256<<20 {
				t.Errorf("%s: %d MiB resident", name, stats.Memory>>20)
			}
		}
		t.Logf("handed on %d times, handed back %d times, killed %d times, %d messages delivered twice", handedOn, handedBack, killed,
			main.twice())
		ranOut := handedOn + main.decoder.Stats().TimedOut
		if killed == 0 || main.twice() == 0 || ranOut < 2 && !require.Race {
			t.Error("that is not a trial")
		}
	})
}

// reasoned expects the same outcome of n entries for the same reason.
func reasoned(n int, o ledger.Outcome, reason string) []outcome {
	want := all(n, o)
	for i := range want {
		want[i].Reason = reason
	}
	return want
}

// signers puts Microchip's signers into a line's bucket, one of them in a folder
// as the console creates it.
func signers(t *testing.T, l *line) {
	t.Helper()
	entries, err := os.ReadDir(require.Data(t) + "/microchip/signers")
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string, body []byte) {
		l.upload(t, l.buckets["signer"], key, body, nil)
	}
	put("older/", nil)
	for i, entry := range entries {
		key := entry.Name()
		if i == 0 {
			key = "older/" + key
		}
		put(key, shipped(t, "microchip", "signers", entry.Name()))
	}
}
