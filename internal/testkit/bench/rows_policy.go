package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runPolicies runs the benchmarks of package policy, which also measure an evaluator with regular expressions
// and report processor time.
func runPolicies(ctx context.Context, _ *bench) (result, error) {
	const aim, fleet, limit = 1e6, 20_000_000, 30 * time.Second
	res := result{Reference: aim, Unit: "decisions/s of processor time", More: map[string]float64{}}
	for _, name := range []string{"Evaluate", "Decide"} { // with and without the explanation
		values, err := policyBenchmark(ctx, name, "2s", "-cpu", "1")
		if err != nil {
			return res, err
		}
		res.More[name+": decisions/s"], res.More[name+": times an evaluator with regular expressions"] = values[0], values[1]
		if res.Measured == 0 || values[0] < res.Measured {
			res.Measured = values[0]
		}
	}
	values, err := policyBenchmark(ctx, "Fleet", strconv.Itoa(fleet)+"x")
	if err != nil {
		return res, err
	}
	took := time.Duration(values[2] * fleet)
	res.More["fleet: seconds"], res.More["fleet: times an evaluator with regular expressions"] = took.Seconds(), values[1]
	res.Ratio = res.Measured / aim
	res.Met = res.Ratio >= 1 && took <= limit
	return res, nil
}

// policyBenchmark returns decisions a second, how many times as many they are as those with regular
// expressions, and the nanoseconds that each took by the clock.
func policyBenchmark(ctx context.Context, name, benchtime string, args ...string) (values [3]float64, err error) {
	c := exec.CommandContext(ctx, "go", append([]string{
		"test", "-run", "^$", "-bench", "^Benchmark" + name + "$", "-benchtime", benchtime, "./policy",
	}, args...)...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return values, fmt.Errorf("%s: %w: %s", name, err, out)
	}
	fields := strings.Fields(string(out))
	for i, unit := range []string{"decisions/s", "times-regexp", "ns/op"} {
		at := slices.Index(fields, unit)
		if at < 1 {
			return values, errors.New(name + ": no " + unit + " in " + string(out))
		}
		if values[i], err = strconv.ParseFloat(fields[at-1], 64); err != nil {
			return values, fmt.Errorf("%s: %w", name, err)
		}
	}
	return values, nil
}
