package decode

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A made is a generated manifest with the expected result of its entries.
type made struct {
	vendor          string
	content, signer []byte
	rejected        map[int]string // reason by entry
	entries         int

	parameters map[string]string // of the stack
	policies   []string          // that exist
	asked      map[int]string    // what the ledger is to have, by entry
}

func generated(t testing.TB, vendor string, entries int, defects float64) made {
	t.Helper()
	var out, expected, signer bytes.Buffer
	var bundles []string
	if vendor == "infineon" {
		bundles = []string{"E0E0"}
	}
	err := material.Generate(t.Context(), material.Options{
		Vendor: vendor, N: entries, Seed: t.Name(), Defects: defects, Bundles: bundles,
		Out: &out, Expected: &expected, SignerOut: &signer, TempDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	m := made{vendor: vendor, content: out.Bytes(), signer: signer.Bytes(), rejected: map[int]string{}, entries: entries}
	for line := range bytes.Lines(expected.Bytes()) {
		var e material.Expectation
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		// The decoder looks at one entry at a time; importers detect contradictions.
		if e.Outcome == material.ExpectRejected && e.Reason != "contradiction" {
			m.rejected[e.Entry] = e.Reason
		}
	}
	return m
}

// put uploads the manifest, and returns the event.
func (m *made) put(w *world) string {
	maps.Copy(w.parameters, m.parameters)
	w.policies = append(w.policies, m.policies...)
	w.objects[m.vendor+"/reel+1"] = m.content
	if len(m.signer) > 0 {
		w.objects["signers/signer.pem"] = m.signer
	}
	return event(record("ObjectCreated:Put", m.vendor,
		fmt.Sprintf(`"key":"reel%%2B1","size":%d,"eTag":"e1","versionId":"v1","sequencer":"0A"`, len(m.content))))
}

// verify returns what is wrong after the end of the only import; empty for nothing.
func (m *made) verify(w *world) string {
	if len(w.jobs) != 1 {
		return fmt.Sprintf("%d jobs", len(w.jobs))
	}
	var job stack.Job
	for _, job = range w.jobs {
	}
	i := w.imports[job.Import]
	if job.Phase != stack.PhaseSent || len(w.early) > 0 || len(i.Manifests) != 1 {
		return fmt.Sprintf("the job ends in phase %s (%s), with %d manifests; sent early: %v", job.Phase, job.Cause, len(i.Manifests), w.early)
	}
	if c := i.Manifests[0]; c.Entries != m.entries || c.Size != int64(len(m.content)) || len(c.SHA256) != 64 || c.Name != "reel+1" ||
		c.Vendor != m.vendor {
		return fmt.Sprintf("the ledger has %+v", c)
	}
	sent := map[int]manifest.CertificateID{}
	for _, d := range w.devices {
		if before, ok := sent[d.Entry]; ok && before != d.CertificateID() {
			return fmt.Sprintf("entry %d is sent with two certificates", d.Entry)
		}
		sent[d.Entry] = d.CertificateID()
	}
	records := w.records[job.Import]
	for entry := range m.entries {
		reason, bad := m.rejected[entry]
		r, recorded := records[entry]
		if _, ok := sent[entry]; ok == bad || recorded != bad || recorded && r.Reason != reason {
			return fmt.Sprintf("entry %d: sent %v, recorded %v as %q, want %q", entry, ok, recorded, r.Reason, reason)
		}
		if strings.Contains(r.Detail, "--") || recorded && r.Detail == "" {
			return fmt.Sprintf("entry %d: a stack has no flags: %q", entry, r.Detail)
		}
	}
	if !maps.Equal(w.asked, m.asked) {
		return fmt.Sprintf("the ledger has that entries ask for %v, want %v", w.asked, m.asked)
	}
	if len(sent)+len(records) != m.entries {
		return fmt.Sprintf("%d entries are sent and %d recorded, of %d", len(sent), len(records), m.entries)
	}
	return ""
}

// A queued is a message that waits for its delivery.
type queued struct {
	body    string
	visible time.Time
}

// A driver delivers the messages of the manifests queue like SQS: at least once, in
// any order, several at a time, and again if they were not acknowledged.
type driver struct {
	t       *testing.T
	w       *world
	random  *rand.Rand
	time    time.Duration // of one invocation
	trouble int           // percent of steps that fail, and of invocations that are killed
	every   int
	// inFlight is how many entries of the import may be in flight; 0 for all.
	inFlight int

	mu      sync.Mutex // of random while several invocations run
	waiting []queued
	counts  struct{ invocations, killed, duplicates int }
}

func (d *driver) percent(p int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.IntN(100) < p
}

// run delivers until the queue is empty.
func (d *driver) run() string {
	for range 3000 {
		d.w.mu.Lock()
		for _, m := range d.w.inbox {
			d.waiting = append(d.waiting, queued{m.Body, time.Now().Add(m.Delay)})
		}
		d.w.inbox = nil
		d.w.mu.Unlock()
		if len(d.waiting) == 0 {
			return ""
		}
		var wg sync.WaitGroup
		var back []queued
		var mu sync.Mutex
		d.random.Shuffle(len(d.waiting), func(i, j int) { d.waiting[i], d.waiting[j] = d.waiting[j], d.waiting[i] })
		first := d.waiting[0].visible
		for _, m := range d.waiting {
			if m.visible.Before(first) {
				first = m.visible
			}
		}
		time.Sleep(time.Until(first))
		d.importDevices()
		delivered := 0
		for _, m := range d.waiting {
			if m.visible.After(time.Now()) || delivered == 2 {
				mu.Lock()
				back = append(back, m)
				mu.Unlock()
				continue
			}
			delivered++
			// SQS may deliver an acknowledged message again. It does so rarely: each
			// repetition continues until the job ends.
			if d.percent(d.trouble) && d.counts.duplicates < 10 {
				d.counts.duplicates++
				mu.Lock()
				back = append(back, queued{m.body, time.Now().Add(time.Second)})
				mu.Unlock()
			}
			wg.Go(func() {
				if !d.deliver(m.body) {
					mu.Lock()
					defer mu.Unlock()
					back = append(back, queued{m.body, time.Now().Add(6 * d.time)})
				}
			})
		}
		wg.Wait()
		d.waiting = back
	}
	return "the queue does not become empty"
}

// importDevices imports about half of the devices that were sent.
func (d *driver) importDevices() {
	for _, device := range d.w.devices {
		if d.inFlight > 0 && d.percent(50) {
			d.w.done[device.Entry] = true
		}
	}
}

// deliver reports whether the message was acknowledged.
func (d *driver) deliver(body string) bool {
	ctx, end := context.WithTimeout(d.t.Context(), d.time)
	defer end()
	d.mu.Lock()
	d.counts.invocations++
	kill := -1
	if d.random.IntN(100) < 2*d.trouble {
		kill = 1 + d.random.IntN(60)
	}
	d.mu.Unlock()
	p := &process{world: d.w, latency: 10 * time.Millisecond}
	p.fault = func(op string, after bool) error {
		if kill--; kill == 0 || ctx.Err() != nil { // Lambda ends it at its deadline
			d.counts.killed++
			return errKilled
		}
		if op != "SetCause" && d.percent(d.trouble/8) {
			return fmt.Errorf("%s fails (%v)", op, after)
		}
		return nil
	}
	c := config()
	if d.inFlight > 0 {
		c.InFlight = d.inFlight
	}
	h := p.handler(c)
	h.every, h.crashes = d.every, 1000
	response, err := h.Handle(ctx, events.SQSEvent{Records: []events.SQSMessage{{MessageId: "1", Body: body}}})
	p.mu.Lock()
	defer p.mu.Unlock()
	return err == nil && len(response.BatchItemFailures) == 0 && !errors.Is(p.dead, errKilled)
}

// Whatever is killed, repeated, reordered or fails for a while, in the end every
// entry was sent or is recorded as rejected, and nothing was sent too early.
func TestNoEntryIsLostWhateverHappensToTheFunction(t *testing.T) {
	t.Parallel()
	manifests := []made{
		generated(t, "espressif", 40, 0.2),
		generated(t, "generated", 40, 0.2),
		generated(t, "microchip", 20, 0.3),
		generated(t, "infineon", 12, 0.4),
		varied(t, 40),
	}
	var invocations, killed, duplicates, handed int
	rapid.Check(t, func(rt *rapid.T) {
		m := manifests[rapid.IntRange(0, len(manifests)-1).Draw(rt, "manifest")]
		seed := rapid.Uint64().Draw(rt, "seed")
		trouble := rapid.IntRange(0, 30).Draw(rt, "trouble")
		every := rapid.IntRange(1, 20).Draw(rt, "every")
		seconds := rapid.IntRange(1, 6).Draw(rt, "half seconds")
		inFlight := rapid.IntRange(0, 20).Draw(rt, "in flight")
		var problem string
		today := time.Now()
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(today)) // bubbles begin in 2000, when nothing is expired
			w := newWorld()
			body := m.put(w)
			d := &driver{
				t: t, w: w, random: rand.New(rand.NewPCG(seed, 1)), every: every, trouble: trouble, inFlight: inFlight,
				time: time.Duration(seconds) * 500 * time.Millisecond, waiting: []queued{{body, time.Now()}, {body, time.Now()}},
			}
			if problem = d.run(); problem == "" {
				problem = m.verify(w)
			}
			if problem == "" {
				_, _, problem = w.sharing()
			}
			invocations, killed, duplicates = invocations+d.counts.invocations, killed+d.counts.killed, duplicates+d.counts.duplicates
			handed += len(w.devices) - m.entries + len(m.rejected)
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
	t.Logf("%d invocations, %d killed, %d duplicates, %d devices sent more than once", invocations, killed, duplicates, handed)
	if killed == 0 || duplicates == 0 {
		t.Error("nothing happened to the function")
	}
}

// Whatever happens on the way, a broken manifest ends with its cause in job and
// ledger, a task asks for its report, and nothing was sent.
func TestBrokenManifestEndsWithItsCauseWhateverHappens(t *testing.T) {
	t.Parallel()
	m := generated(t, "espressif", 40, 0)
	m.content = m.content[:len(m.content)-100]
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		trouble := rapid.IntRange(0, 40).Draw(rt, "trouble")
		every := rapid.IntRange(1, 20).Draw(rt, "every")
		var problem string
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			d := &driver{
				t: t, w: w, random: rand.New(rand.NewPCG(seed, 2)), every: every, trouble: trouble,
				time: time.Second, waiting: []queued{{m.put(w), time.Now()}},
			}
			if problem = d.run(); problem != "" {
				return
			}
			for id, job := range w.jobs {
				i := w.imports[id]
				if job.Phase != stack.PhaseStopped || !strings.Contains(job.Cause, "after 39 entries") || len(i.Manifests) != 1 ||
					i.Manifests[0].Entries != 39 ||
					len(w.devices) > 0 || len(w.records[id]) > 0 || len(w.tasks) == 0 || w.tasks[0].Kind != stack.TaskComplete || w.tasks[0].Import != id {
					problem = fmt.Sprintf("phase %s (%s), ledger %+v, %d devices, tasks %+v", job.Phase, job.Cause, i, len(w.devices), w.tasks)
				}
			}
			if len(w.jobs) != 1 {
				problem = fmt.Sprintf("%d jobs", len(w.jobs))
			}
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

func TestEveryVendorsManifestIsSentInOneGo(t *testing.T) {
	t.Parallel()
	for _, vendor := range material.Vendors() {
		m := generated(t, vendor, 60, 0.3)
		w := newWorld()
		p := &process{world: w}
		h := p.handler(config())
		h.every = 7
		response, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "1", Body: m.put(w)}}})
		if err != nil || len(response.BatchItemFailures) > 0 {
			t.Fatalf("%s: %+v, %v", vendor, response, err)
		}
		if problem := m.verify(w); problem != "" {
			t.Errorf("%s: %s", vendor, problem)
		}
		// A device that is not alone costs twice the write units.
		alone, sharing, problem := w.sharing()
		if problem != "" || sharing == 0 || alone+sharing != len(w.devices) {
			t.Errorf("%s: of %d devices %d are alone and %d share something: %s", vendor, len(w.devices), alone, sharing, problem)
		}
		if len(w.inbox) != 0 || len(w.leases) != 0 {
			t.Errorf("%s: left: messages %v, leases %v", vendor, w.inbox, w.leases)
		}
		if len(m.rejected) == 0 {
			t.Errorf("%s: no entry is rejected", vendor)
		}
	}
}

func TestImportOfWhichEveryEntryIsRejectedIsCompletedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := generated(t, "espressif", 1, 0)
	m.content = bytes.ReplaceAll(m.content, []byte("CERTIFICATE"), []byte("CERTIFICATION"))
	h := (&process{world: w}).handler(config())
	if err := h.handleMessage(t.Context(), m.put(w)); err != nil {
		t.Fatal(err)
	}
	if len(w.inbox) != 1 || len(w.devices) != 0 {
		t.Fatalf("%v %v", w.inbox, w.devices)
	}
	if task, _, err := stack.ParseTask(w.inbox[0].Body); err != nil || task.Kind != stack.TaskComplete || len(w.records[task.Import]) != 1 {
		t.Errorf("%+v, %v", task, err)
	}
}
