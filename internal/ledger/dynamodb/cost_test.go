package dynamodb_test

import (
	"fmt"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
)

// What a device costs in DynamoDB is most of what the stack costs: a claim is
// two items, an outcome is one and its share of a counter, each of them below
// the kilobyte that a write unit pays for, and twice that in a transaction.
func costOfADevice(t *testing.T, x *table) {
	const devices = 198
	p := x.proxy()
	l := x.through(p)
	id, j := begin(t, l, devices)
	var claims []dynamodb.Claim
	for n := range devices {
		claims = append(claims, claimOf(n, fmt.Sprintf("sn%012d", n), fmt.Sprintf("%064x", n)))
	}
	largest := func(prefix string) (size int) {
		for _, i := range x.items(t, prefix) {
			size = max(size, sizeOf(i))
		}
		return size
	}
	for _, step := range []struct {
		name        string
		calls       int
		read, write float64
		do          func() error
	}{
		{"claims", 4, 0, 4 * devices, func() error {
			_, err := l.Claim(t.Context(), id, claims)
			return err
		}},
		{"outcomes", 2, 0, 2*devices + 2*2, func() error { return j.Record(t.Context(), importedFrom(0, devices)) }},
		{"counts", 1, 1, 0, func() error {
			_, err := l.Counts(t.Context(), id)
			return err
		}},
	} {
		p.reset()
		check(t, step.do())
		calls := 0
		for _, n := range p.calls {
			calls += n
		}
		t.Logf("%s of %d devices: %d requests, %v read and %v write units", step.name, devices, calls, p.read, p.write)
		if calls > step.calls || p.read > step.read || p.write > step.write {
			t.Errorf("%s cost more than %d requests, %v read and %v write units", step.name, step.calls, step.read, step.write)
		}
	}
	for _, prefix := range []string{"claim#", "entry#", "import#"} {
		size := largest(prefix)
		t.Logf("items %s… have up to %d bytes", prefix, size)
		if size > 1024 {
			t.Errorf("an item %s… of %d bytes costs more than one unit", prefix, size)
		}
	}
}
