package jobtable_test

import (
	"fmt"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// Most of the cost of a stack is DynamoDB's. A device that shares nothing claims one item,
// any other one three. An outcome is one item and a share of a counter. Each is smaller than the kilobyte of one write unit,
// of which a transaction takes two.
func costOfADevice(t *testing.T, x *dynamodbtest.Table) {
	const devices = 198
	p := x.Proxy()
	l := through(x, p)
	imports := dynamodb.New(table.New(p, x.Name, table.Options{}), dynamodb.Options{})
	id, j := dynamodbtest.Begin(t, imports, devices)
	var claims, alone []stack.Claim
	for n := range devices {
		c := claimOf(n, fmt.Sprintf("sn%012d", n), fmt.Sprintf("%064x", n))
		c.VendorID = fmt.Sprintf("%018x", n)
		claims = append(claims, c)
		c.Alone = true
		alone = append(alone, c)
	}
	largest := func(prefix string) (size int) {
		for _, i := range x.Items(t, prefix) {
			size = max(size, dynamodbtest.SizeOf(i))
		}
		return size
	}
	for _, step := range []struct {
		name        string
		calls       int
		read, write float64
		do          func() error
	}{
		{"claims", 6, 0, 6 * devices, func() error {
			_, err := l.Claim(t.Context(), id, claims)
			return err
		}},
		{"claims of devices that are alone", 2, 0, 2 * devices, func() error {
			_, err := l.Claim(t.Context(), id, alone)
			return err
		}},
		{"outcomes", 2, 0, 2*devices + 2*2, func() error { return j.Record(t.Context(), dynamodbtest.ImportedFrom(0, devices)) }},
		{"counts", 1, 1, 0, func() error {
			_, err := imports.Counts(t.Context(), id)
			return err
		}},
	} {
		p.Reset()
		check(t, step.do())
		calls := 0
		for _, n := range p.Calls {
			calls += n
		}
		t.Logf("%s of %d devices: %d requests, %v read and %v write units", step.name, devices, calls, p.Read, p.Write)
		if calls > step.calls || p.Read > step.read || p.Write > step.write {
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
