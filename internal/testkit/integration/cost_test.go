package integration

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// TestCost imports devices through an undisturbed stack and prints the billed
// usage per device, as in docs/cost.md. It fails if the usage becomes much larger.
func TestCost(t *testing.T) {
	w := newWorld(t, sandbox.Faults{})
	l := newLine(t, w, lineOptions{name: "cost", visibility: 12 * time.Hour, calm: true, env: []string{
		"THINGPRESS_IN_FLIGHT=100000", // without quotas, waiting for room would only take time
	}})
	const n = 5_000
	manifest, want := generated(t, "espressif", "cost", n, 0)
	l.start(t)
	begin := time.Now()
	o := w.upload(t, l.buckets["espressif"], "cost.csv", manifest, l.manifests)
	l.rest(t, []stacktest.Object{o})
	took := time.Since(begin)
	l.finished(t, o, w.iot.State(), want)

	type paid struct {
		Service, Operation string
		Requests           float64 // per device
		Chunks             float64 `json:",omitempty"`
		Read, Write        float64 `json:",omitempty"`
		Bytes              float64 `json:",omitempty"`
	}
	var table []paid
	for _, service := range slices.Sorted(maps.Keys(w.meters)) {
		usage := w.meters[service].Usage()
		for _, operation := range slices.Sorted(maps.Keys(usage)) {
			u := usage[operation]
			table = append(table, paid{
				service, operation, float64(u.Requests) / n, float64(u.Chunks) / n, u.Read / n, u.Write / n, float64(u.Bytes) / n,
			})
		}
	}
	calls := w.iot.Calls()
	for _, operation := range slices.Sorted(maps.Keys(calls)) {
		table = append(table, paid{Service: "IOT", Operation: operation, Requests: float64(calls[operation]) / n})
	}
	for _, row := range table {
		text, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("per device: %s", text)
	}
	// Twice the value in docs/cost.md would be a bug.
	sum := func(meter string, of func(stacktest.Usage) float64) (total float64) {
		for _, u := range w.meters[meter].Usage() {
			total += of(u) / n
		}
		return total
	}
	chunks := func(u stacktest.Usage) float64 { return float64(u.Chunks) }
	// A claim and an outcome of each device take two units each. A transaction has 99 outcomes and a counter, or those of
	// a second. DynamoDB refuses one of two that meet.
	importer, refused := l.importer.Stats(), w.meters["DYNAMODB"].Usage()["TransactWriteItems"].Refused
	counters := float64(n)/99 + float64(importer.Invocations) + importer.Billed.Seconds()
	write := 4 + (2*counters+200*float64(refused))/n + 0.1 // for jobs, leases and the import
	for what, c := range map[string]struct{ got, most float64 }{
		"write units":         {sum("DYNAMODB", func(u stacktest.Usage) float64 { return u.Write }), write},
		"read units":          {sum("DYNAMODB", func(u stacktest.Usage) float64 { return u.Read }), 0.5},
		"requests to queues":  {sum("SQS", chunks), 0.2}, // Lambda receives as many at a time as come fast enough
		"requests to buckets": {sum("S3", func(u stacktest.Usage) float64 { return float64(u.Requests) }), 0.01},
		"notices":             {sum("SNS", chunks), 2.0 / n},
	} {
		if c.got > c.most || c.got == 0 {
			t.Errorf("%s: %g per device, want more than 0 and at most %g", what, c.got, c.most)
		}
	}
	for operation, each := range map[string]int{
		"RegisterCertificateWithoutCA": 1, "CreateThing": 1, "AttachThingPrincipal": 1, "AttachPolicy": len(policies),
		"UpdateThingGroupsForThing": 1,
	} {
		if calls[operation] != each*n {
			t.Errorf("%d calls of %s for %d devices", calls[operation], operation, n)
		}
	}
	t.Logf("%d devices in %v; decoder %+v; importer %+v", n, took.Round(time.Millisecond), l.decoder.Stats(), l.importer.Stats())
}
