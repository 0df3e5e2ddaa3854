package engine

import (
	"math"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/quota"
)

// A Forecast estimates how long calls take at the quotas.
type Forecast struct {
	// Took is the time; 0 if no quota limits any of the calls.
	Took time.Duration
	// Ceiling is in devices per second; +Inf if nothing limits it.
	Ceiling float64
	// Binding is the operation whose quota that is; empty if nothing limits it.
	Binding iot.Operation
}

// Predict returns how long all the calls for that many devices take at the
// quotas, and how long they take with the binding quota doubled.
func Predict(set quota.Set, total quota.Calls, devices int) (now, doubled Forecast) {
	now = predict(set.TPS, total, devices)
	doubled = predict(func(op iot.Operation) float64 {
		if op == now.Binding {
			return 2 * set.TPS(op)
		}
		return set.TPS(op)
	}, total, devices)
	return now, doubled
}

func predict(tps func(iot.Operation) float64, total quota.Calls, devices int) Forecast {
	f := Forecast{Ceiling: math.Inf(1)}
	longest := 0.0
	for _, op := range total.Ops() {
		rate := tps(op)
		switch op { // two operations share these reads
		case iot.ListThingPrincipals:
			rate += tps(iot.ListThingPrincipalsV2)
		case iot.ListPrincipalThings:
			rate += tps(iot.ListPrincipalThingsV2)
		}
		if seconds := total[op] / rate; seconds > longest {
			longest, f.Binding = seconds, op
		}
	}
	if longest > 0 {
		f.Ceiling = float64(devices) / longest
		f.Took = time.Duration(min(longest*float64(time.Second), math.MaxInt64/2))
	}
	return f
}
