package quota

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/internal/iot"
)

// An Override is one --quota: it says what limits an operation, whatever the
// account reports.
type Override struct {
	// Op is the operation.
	Op iot.Operation
	// TPS is the quota in calls per second; +Inf for none.
	TPS float64
	// Default says that the built-in table is to be used, and TPS is not.
	Default bool
}

// ParseOverride reads OP=TPS, OP=none or OP=default. TPS is calls per second,
// above zero, such as 25 or 0.5. Letter case does not matter in the words. An
// unknown operation is an error that names the nearest one.
func ParseOverride(s string) (Override, error) {
	name, value, ok := strings.Cut(s, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || name == "" || value == "" {
		return Override{}, fmt.Errorf("quota %q: want OPERATION=TPS, OPERATION=none or OPERATION=default, such as %s=25", s, iot.RegisterCertificateWithoutCA)
	}
	op, err := parseOp(name)
	if err != nil {
		return Override{}, fmt.Errorf("quota %q: %w", s, err)
	}
	switch strings.ToLower(value) {
	case "none":
		return Override{Op: op, TPS: math.Inf(1)}, nil
	case "default":
		return Override{Op: op, Default: true}, nil
	}
	tps, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(tps) || math.IsInf(tps, 0) {
		return Override{}, fmt.Errorf("quota %q: %q is not a number of calls per second, nor none or default", s, value)
	}
	if tps < Floor {
		return Override{}, fmt.Errorf("quota %q: must be at least %g calls per second", s, Floor)
	}
	return Override{Op: op, TPS: tps}, nil
}

// ParseOverrides reads several. The last one for an operation counts.
func ParseOverrides(list []string) (map[iot.Operation]Override, error) {
	parsed := make(map[iot.Operation]Override, len(list))
	for _, s := range list {
		o, err := ParseOverride(s)
		if err != nil {
			return nil, err
		}
		parsed[o.Op] = o
	}
	return parsed, nil
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

// editDistance is Levenshtein's. Names far longer than any operation are not
// compared, so that a long argument costs nothing.
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
