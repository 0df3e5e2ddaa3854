package quota

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/internal/iot"
)

// An Override is one value of --quota. It replaces the quota that the account reports.
type Override struct {
	Op iot.Operation
	// TPS is the quota in calls per second; +Inf for no quota.
	TPS float64
	// Default selects the value of the built-in table instead of TPS.
	Default bool
}

// ParseOverrides parses values of --quota: OP=TPS, OP=none or OP=default. TPS is a number of
// calls per second, such as 25 or 0.5, and at least [Floor]. Letter case does not matter. The
// last value for an operation wins. The error for an unknown operation suggests the nearest
// one.
func ParseOverrides(list []string) (map[iot.Operation]Override, error) {
	parsed := make(map[iot.Operation]Override, len(list))
	for _, s := range list {
		o, err := parseOverride(s)
		if err != nil {
			return nil, fmt.Errorf("quota %q: %w", s, err)
		}
		parsed[o.Op] = o
	}
	return parsed, nil
}

func parseOverride(s string) (Override, error) {
	name, value, _ := strings.Cut(s, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if name == "" || value == "" {
		return Override{}, fmt.Errorf("expected OPERATION=TPS, OPERATION=none or OPERATION=default, such as %s=25",
			iot.RegisterCertificateWithoutCA)
	}
	op, err := parseOp(name)
	if err != nil {
		return Override{}, err
	}
	switch strings.ToLower(value) {
	case "none":
		return Override{Op: op, TPS: math.Inf(1)}, nil
	case "default":
		return Override{Op: op, Default: true}, nil
	}
	tps, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(tps) || math.IsInf(tps, 0) {
		return Override{}, fmt.Errorf("%q is not a number of calls per second, none or default", value)
	}
	if tps < Floor {
		return Override{}, fmt.Errorf("must be at least %g calls per second", Floor)
	}
	return Override{Op: op, TPS: tps}, nil
}

func parseOp(name string) (iot.Operation, error) {
	best, distance := iot.Operation(""), math.MaxInt
	for _, d := range defaults {
		if strings.EqualFold(name, string(d.Op)) {
			return d.Op, nil
		}
		if len(name) >= 8 && len(name) < len(d.Op) && strings.EqualFold(name, string(d.Op)[:len(name)]) {
			return "", fmt.Errorf("unknown operation %q; did you mean %s?", name, d.Op)
		}
		if n := editDistance(strings.ToLower(name), strings.ToLower(string(d.Op))); n < distance {
			best, distance = d.Op, n
		}
	}
	if distance <= max(3, len(best)/3) {
		return "", fmt.Errorf("unknown operation %q; did you mean %s?", name, best)
	}
	return "", fmt.Errorf("unknown operation %q; `thingpress quotas` lists all", name)
}

// editDistance returns the Levenshtein distance. It ignores names far longer than any
// operation, so that a long argument costs nothing.
func editDistance(a, b string) int {
	if len(a) > 64 {
		return math.MaxInt
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
