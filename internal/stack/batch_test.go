package stack_test

import (
	"testing"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack"
)

// A batch that does not fit its invocation is paid for several times, and a small one lets
// the quota idle at its end.
func TestBatchIsAMinuteOfWork(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		share     float64
		importers int
		applied   map[string]float64
		want      int
	}{
		{1, 2, nil, 300},
		{0.2, 2, nil, 60},
		{0.2, 20, nil, stack.LeastBatch},
		{1, 2, everything(25), 750},
		{1, 2, everything(100), stack.MostBatch},
		{1, 0, everything(1e9), stack.MostBatch},
	} {
		quotas, err := quota.Resolve(quota.Sources{Applied: test.applied, Share: test.share})
		if err != nil {
			t.Fatal(err)
		}
		a := device.Attachments{Policies: []string{"p"}, ThingGroups: []string{"g"}}
		if got := stack.BatchSize(quotas, test.importers, a); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}

// everything returns the same applied quota for all operations.
func everything(tps float64) map[string]float64 {
	defaults, _ := quota.Resolve(quota.Sources{})
	applied := map[string]float64{}
	for _, q := range defaults.All() {
		applied[q.Code] = tps
	}
	return applied
}
