package stack_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
)

func TestASmallImportIsNotForecastToWaitForALargeOne(t *testing.T) {
	t.Parallel()
	open := []stack.Backlog{
		{Import: "large", Pending: 1_000_000},
		{Import: "reel", Pending: 100},
		{Import: "paused", Pending: 5, Held: true},
		{Import: "middle", Pending: 10_000},
	}
	want := []stack.Forecast{
		{Position: 3, Ahead: 1_010_100, Left: 10_101 * time.Second},
		{Position: 1, Ahead: 300, Left: 3 * time.Second},
		{},
		{Position: 2, Ahead: 20_100, Left: 201 * time.Second},
	}
	if diff := cmp.Diff(want, stack.Forecasts(open, 100)); diff != "" {
		t.Error(diff)
	}
	for n, f := range stack.Forecasts(open, 0) {
		if f.Left != 0 || f.Position != want[n].Position {
			t.Errorf("without a rate: %+v", f)
		}
	}
}
