package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
)

// binding is the operation with the binding quota, at its default of ten, if there is one policy.
const binding = "RegisterCertificateWithoutCA"

func attachments(manifest string) []string {
	return []string{"--policy", policy, "--thing-group", group, "--thing-type", typ, manifest}
}

// against runs one import of n generated devices into its own sandbox.
func (b *bench) against(ctx context.Context, n int, sandboxArgs, importArgs []string) (run, error) {
	manifest, err := b.manifest(ctx, "generated", n)
	if err != nil {
		return run{}, err
	}
	s, err := b.sandbox(ctx, sandboxArgs...)
	if err != nil {
		return run{}, err
	}
	defer s.stop()
	if err := prepare(ctx, s.url); err != nil {
		return run{}, err
	}
	return b.imports(ctx, s.url, b.scratch("ledger.db"), append(importArgs, attachments(manifest)...)...)
}

func runCeiling(ctx context.Context, b *bench) (result, error) {
	r, err := b.against(ctx, 3000, []string{"--enforced-quota", "default*10", "--latency", "40ms±20ms"}, nil)
	if err != nil {
		return result{}, err
	}
	// A bucket that is full at the start lets a second's worth of calls through
	// immediately, so the quotas allow slightly more than the ceiling in this run.
	// The aim is relative to the ceiling.
	ratio := r.DevicesPerSecond / r.Ceiling
	return result{
		Measured: r.DevicesPerSecond, Reference: r.Ceiling, Unit: "devices/s", Ratio: ratio,
		Met:  ratio >= 0.98 && r.Throttled == 0 && r.Imported == 3000,
		More: map[string]float64{"throttled calls": float64(r.Throttled), "cpu ms/device": perDevice(r)},
	}, nil
}

func runWrongQuota(ctx context.Context, b *bench) (result, error) {
	r, err := b.against(ctx, 3000,
		[]string{"--enforced-quota", "default*5", "--applied-quota", "default*10", "--latency", "40ms±20ms"}, nil)
	if err != nil {
		return result{}, err
	}
	limit := 50.0
	share := float64(r.Throttled) / float64(r.Calls[binding])
	ratio := r.DevicesPerSecond / limit
	return result{
		Measured: r.DevicesPerSecond, Reference: limit, Unit: "devices/s", Ratio: ratio,
		Met:  ratio >= 0.92 && share <= 0.02 && r.Imported == 3000,
		More: map[string]float64{"throttled share of the binding operation, at most": share},
	}, nil
}

func runNeighbour(ctx context.Context, b *bench) (result, error) {
	const devices = 6000
	manifest, err := b.manifest(ctx, "generated", devices)
	if err != nil {
		return result{}, err
	}
	s, err := b.sandbox(ctx, "--enforced-quota", "default*10", "--latency", "40ms±20ms")
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	if err := prepare(ctx, s.url); err != nil {
		return result{}, err
	}
	// The run takes about 60 s + 20 s × ½. The neighbour gets a third of that.
	const third = 24 * time.Second
	var taken atomic.Int64
	neighbour, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-time.After(third):
			takeHalf(neighbour, s.url, third, &taken)
		case <-neighbour.Done():
		}
	}()
	r, err := b.imports(ctx, s.url, b.scratch("ledger.db"), attachments(manifest)...)
	if err != nil {
		return result{}, err
	}
	stop()
	<-done
	left := r.Ceiling*r.Seconds - float64(taken.Load())
	ratio := devices / left
	return result{
		Measured: devices, Reference: left, Unit: "calls of the binding operation", Ratio: ratio,
		Met:  ratio >= 0.90 && r.Imported == devices && taken.Load() > 0,
		More: map[string]float64{"taken by the neighbour": float64(taken.Load()), "throttled calls": float64(r.Throttled), "seconds": r.Seconds},
	}, nil
}

// takeHalf calls the binding operation at half its quota, regardless of the
// answers, and counts the calls that the quota let through.
func takeHalf(ctx context.Context, endpoint string, d time.Duration, taken *atomic.Int64) {
	client := newClient(endpoint, 64)
	tick := time.NewTicker(20 * time.Millisecond) // 50 of 100 a second
	defer tick.Stop()
	end := time.After(d)
	for {
		select {
		case <-tick.C:
			go func() {
				_, err := client.RegisterCertificateWithoutCA(ctx, &sdk.RegisterCertificateWithoutCAInput{CertificatePem: aws.String("x")})
				var throttled interface{ ErrorCode() string }
				if errors.As(err, &throttled) && throttled.ErrorCode() != "ThrottlingException" {
					taken.Add(1)
				}
			}()
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}

func runFaults(ctx context.Context, b *bench) (result, error) {
	const (
		devices = 10_000
		quota   = 100.0 // of the binding operation
		share   = 0.20
	)
	report := b.scratch("report.jsonl")
	faults := []string{
		"--enforced-quota", "default*10", "--latency", "40ms±20ms",
		"--fault", "throttle=0.05,error=0.05,drop=0.05,stall=0.05", "--fault-seed", "7",
	}
	r, err := b.against(ctx, devices, faults, []string{"--report", report})
	if err != nil {
		return result{}, err
	}
	first, last, err := tenths(report)
	if err != nil {
		return result{}, err
	}
	reference := quota * (1 - share)
	ratio := r.DevicesPerSecond / reference
	return result{
		Measured: r.DevicesPerSecond, Reference: reference, Unit: "devices/s", Ratio: ratio,
		Met: ratio >= 0.75 && r.Imported == devices && last >= first,
		More: map[string]float64{
			"failed": float64(r.Failed), "devices/s of the first tenth": first, "devices/s of the last tenth": last, "retries": float64(r.Retries),
		},
	}, nil
}

// tenths returns the rates of the first and the last tenth of the outcomes, by time.
func tenths(report string) (first, last float64, err error) {
	file, err := os.Open(report)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	var at []time.Time
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var row struct{ At time.Time }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return 0, 0, err
		}
		at = append(at, row.At)
	}
	if len(at) < 100 {
		return 0, 0, fmt.Errorf("report of %d rows", len(at))
	}
	slices.SortFunc(at, time.Time.Compare)
	n := len(at) / 10
	// Half a tenth at both ends is excluded, while the pipe fills and runs dry.
	rate := func(from int) float64 { return float64(n) / at[from+n].Sub(at[from]).Seconds() }
	return rate(n / 2), rate(len(at) - n - n/2 - 1), lines.Err()
}

func perDevice(r run) float64 {
	return float64(r.cpu.Milliseconds()) / float64(max(r.Imported+r.Unchanged, 1))
}
