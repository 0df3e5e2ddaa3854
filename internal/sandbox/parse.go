package sandbox

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/quota"
)

// otherTPS is the quota that "default" gives to an operation whose default the product does not
// know. It is AWS's default for most operations of the control plane.
const otherTPS = 10

// ParseQuotas parses quotas as given on the command line: "none", "default", "default*0.5"
// (every default times a factor) or "AttachPolicy=15" (an operation, or [RegistrationQuota]).
// Later values override earlier ones. It also parses the quotas that Service Quotas reports.
// Without values there are no quotas.
func ParseQuotas(values []string) (map[string]float64, error) {
	quotas := map[string]float64{}
	for _, value := range values {
		name, number, given := strings.Cut(value, "=")
		preset, factor, scaled := strings.Cut(value, "*")
		switch {
		case value == "none":
			clear(quotas)
		case preset == "default" && !given:
			times := 1.0
			if scaled {
				var err error
				if times, err = positive(factor); err != nil {
					return nil, fmt.Errorf("quota %q: %w", value, err)
				}
			}
			for _, name := range Operations() {
				quotas[name] = otherTPS * times
			}
			for _, q := range quota.Defaults() {
				quotas[string(q.Op)] = q.TPS * times
			}
		case given:
			tps, err := positive(number)
			if err != nil {
				return nil, fmt.Errorf("quota %q: %w", value, err)
			}
			if !limitable(name) {
				return nil, fmt.Errorf("quota %q: the sandbox has no operation %s", value, name)
			}
			quotas[name] = tps
		default:
			return nil, fmt.Errorf("quota %q: expected none, default, default*FACTOR or OPERATION=TPS", value)
		}
	}
	return quotas, nil
}

func limitable(name string) bool {
	return name == RegistrationQuota || slices.Contains(Operations(), name)
}

func positive(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n > 0) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("%q is not a number above 0", s)
	}
	return n, nil
}

// ParseFaults parses faults as given on the command line, such as
// "throttle=0.05,error=0.02,drop=0.01,stall=0.01,stale=2s". An empty value means no faults.
func ParseFaults(value string) (Faults, error) {
	var f Faults
	shares := map[string]*float64{"throttle": &f.Throttle, "error": &f.Error, "drop": &f.Drop, "stall": &f.Stall}
	for part := range strings.SplitSeq(value, ",") {
		if part == "" {
			continue
		}
		name, text, _ := strings.Cut(part, "=")
		if name == "stale" {
			d, err := time.ParseDuration(text)
			if err != nil {
				return f, fmt.Errorf("fault %q: %q is not a duration such as 2s", part, text)
			}
			f.Stale = d
			continue
		}
		share, ok := shares[name]
		if !ok {
			return f, fmt.Errorf("fault %q: expected throttle, error, drop, stall or stale", part)
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return f, fmt.Errorf("fault %q: %q is not a share between 0 and 1", part, text)
		}
		*share = n
	}
	return f, f.check()
}

func (f Faults) check() error {
	sum := 0.0
	for _, share := range []float64{f.Throttle, f.Error, f.Drop, f.Stall} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("faults: the share %v is not between 0 and 1", share)
		}
		sum += share
	}
	if sum > 1 {
		return fmt.Errorf("faults: the shares add up to %v, which is more than 1", sum)
	}
	if f.Stale < 0 {
		return fmt.Errorf("faults: the lag %s of lists is negative", f.Stale)
	}
	return nil
}

// ParseLatency parses "40ms" or "40ms±20ms" (also written "40ms+-20ms").
func ParseLatency(value string) (Latency, error) {
	var l Latency
	if value == "" {
		return l, nil
	}
	mean, jitter, both := strings.Cut(strings.Replace(value, "+-", "±", 1), "±")
	var err error
	if l.Mean, err = time.ParseDuration(mean); err == nil && both {
		l.Jitter, err = time.ParseDuration(jitter)
	}
	if err != nil || l.check() != nil {
		return Latency{}, fmt.Errorf("latency %q: expected a duration such as 40ms or 40ms±20ms, with a jitter of at most the mean", value)
	}
	return l, nil
}

func (l Latency) check() error {
	if l.Mean < 0 || l.Jitter < 0 || l.Jitter > l.Mean {
		return fmt.Errorf("latency %s±%s is negative", l.Mean, l.Jitter)
	}
	return nil
}
