package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// bareWorkers is the concurrency of the bare SDK loop, the same as that of an
// import without limits.
const bareWorkers = 64

func runOverhead(ctx context.Context, b *bench) (result, error) {
	const devices = 20_000
	manifest, err := b.manifest(ctx, "generated", devices)
	if err != nil {
		return result{}, err
	}
	// The reference runs before and after the import, in case the speed of the
	// machine changes meanwhile.
	before, err := b.bare(ctx, manifest)
	if err != nil {
		return result{}, err
	}
	r, err := b.against(ctx, devices, nil, nil)
	if err != nil {
		return result{}, err
	}
	after, err := b.bare(ctx, manifest)
	if err != nil {
		return result{}, err
	}
	reference := (before.DevicesPerSecond + after.DevicesPerSecond) / 2
	ratio := r.DevicesPerSecond / reference
	return result{
		Measured: r.DevicesPerSecond, Reference: reference, Unit: "devices/s", Ratio: ratio,
		Met: ratio >= 0.9 && r.Imported == devices,
		More: map[string]float64{
			"cpu ms/device": perDevice(r), "cpu ms/device of the bare loop": (perDevice(before) + perDevice(after)) / 2,
			"peak MiB": float64(r.rss) / (1 << 20), "bare devices/s before": before.DevicesPerSecond, "bare devices/s after": after.DevicesPerSecond,
		},
	}, nil
}

func (b *bench) bare(ctx context.Context, manifest string) (run, error) {
	s, err := b.sandbox(ctx)
	if err != nil {
		return run{}, err
	}
	defer s.stop()
	if err := prepare(ctx, s.url); err != nil {
		return run{}, err
	}
	var out bytes.Buffer
	c := exec.CommandContext(ctx, b.self, "-bare", s.url, "-manifest", manifest, "-workers", strconv.Itoa(bareWorkers))
	c.Stdout, c.Stderr = &out, os.Stderr
	if err := c.Run(); err != nil {
		return run{}, fmt.Errorf("bare loop: %w", err)
	}
	r := run{cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	return r, lastLine(&out, &r.summary)
}

func runUnchanged(ctx context.Context, b *bench) (result, error) {
	const devices = 20_000
	manifest, err := b.manifest(ctx, "generated", devices)
	if err != nil {
		return result{}, err
	}
	s, err := b.sandbox(ctx)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	if err := prepare(ctx, s.url); err != nil {
		return result{}, err
	}
	ledger := b.scratch("ledger.db")
	fresh, err := b.imports(ctx, s.url, ledger, attachments(manifest)...)
	if err != nil {
		return result{}, err
	}
	again, err := b.imports(ctx, s.url, ledger, attachments(manifest)...)
	if err != nil {
		return result{}, err
	}
	ratio := again.DevicesPerSecond / fresh.DevicesPerSecond
	return result{
		Measured: again.DevicesPerSecond, Reference: fresh.DevicesPerSecond, Unit: "devices/s", Ratio: ratio,
		Met: again.Unchanged == devices && fresh.Imported == devices,
		More: map[string]float64{
			"calls/device of the fresh import": calls(fresh) / devices, "calls/device again": calls(again) / devices,
		},
	}, nil
}

func calls(r run) (n float64) {
	for _, c := range r.Calls {
		n += float64(c)
	}
	return n
}

func runResume(ctx context.Context, b *bench) (result, error) {
	const devices, done = 101_000, 100_000
	manifest, err := b.manifest(ctx, "generated", devices)
	if err != nil {
		return result{}, err
	}
	address, err := freeAddress()
	if err != nil {
		return result{}, err
	}
	state, ledger := b.scratch("sandbox.state"), b.scratch("ledger.db")
	s, err := b.sandbox(ctx, "--listen", address, "--sandbox-state", state)
	if err != nil {
		return result{}, err
	}
	if err := errors.Join(prepare(ctx, s.url), b.killAfter(ctx, s.url, ledger, done, attachments(manifest))); err != nil {
		s.stop()
		return result{}, err
	}
	s.stop()

	// The second sandbox logs its calls, so that the first call of an import can be found.
	again, err := b.sandbox(ctx, "--listen", address, "--sandbox-state", state, "--verbose")
	if err != nil {
		return result{}, err
	}
	begun := time.Now()
	r, err := b.imports(ctx, again.url, ledger, attachments(manifest)...)
	again.stop()
	if err != nil {
		return result{}, err
	}
	first, err := firstCall(again.log.Name(), begun)
	if err != nil {
		return result{}, err
	}
	decode, err := b.inspect(ctx, manifest)
	if err != nil {
		return result{}, err
	}
	reference := (decode.wall + 2*time.Second).Seconds()
	return result{
		Measured: first.Seconds(), Reference: reference, Unit: "s to the first call for a device", Ratio: first.Seconds() / reference,
		Met: first.Seconds() <= reference && r.Pending == 0 && r.Imported == devices,
		More: map[string]float64{
			"s to decode": decode.wall.Seconds(), "devices imported by both runs": float64(r.Imported), "s of the second run": r.wall.Seconds(),
		},
	}, nil
}

// killAfter runs an import and kills it without warning as soon as the ledger has
// the given number of outcomes.
func (b *bench) killAfter(ctx context.Context, url, ledger string, outcomes int, args []string) error {
	c := b.importing(ctx, url, ledger, args...)
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("the import ended before it could be killed: %w", err)
		case <-tick.C:
			if n, err := imported(ctx, ledger); err == nil && n >= outcomes {
				return errors.Join(c.Process.Kill(), ignoreExit(<-ended))
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

func imported(ctx context.Context, path string) (int, error) {
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		return 0, err
	}
	defer reader.Close() //nolint:errcheck // it was only read
	for i, err := range reader.Imports(ctx) {
		return i.Counts.Imported, err
	}
	return 0, nil
}

// firstCall returns when the first device was registered according to the log of a sandbox.
func firstCall(log string, since time.Time) (time.Duration, error) {
	file, err := os.Open(log)
	if err != nil {
		return 0, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		clock, rest, _ := strings.Cut(lines.Text(), " ")
		if !strings.HasPrefix(rest, binding+" ") {
			continue
		}
		at, err := time.ParseInLocation("15:04:05.000", clock, time.Local)
		if err != nil {
			return 0, err
		}
		year, month, day := since.Date()
		at = at.AddDate(year-at.Year(), int(month-at.Month()), day-at.Day())
		return at.Sub(since), nil
	}
	return 0, errors.New("no device was registered")
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a moment
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// inspect decodes a manifest in a separate process.
func (b *bench) inspect(ctx context.Context, manifest string, args ...string) (run, error) {
	c := exec.CommandContext(ctx, b.binary, append([]string{"inspect", "--quiet", "--output", "json", manifest}, args...)...)
	out, err := os.Create(b.scratch("inspect.jsonl"))
	if err != nil {
		return run{}, err
	}
	defer os.Remove(out.Name()) //nolint:errcheck // the folder is removed later
	defer out.Close()           //nolint:errcheck // nothing reads it again
	c.Stdout, c.Stderr = out, os.Stderr
	begun := time.Now()
	if err := c.Run(); err != nil {
		return run{}, fmt.Errorf("inspect: %w", err)
	}
	return measured(c, time.Since(begun)), nil
}

func runMillion(ctx context.Context, b *bench) (result, error) {
	const devices = 1_000_000
	r, err := b.against(ctx, devices, nil, nil)
	if err != nil {
		return result{}, err
	}
	allowed := float64(96<<20 + 64*devices)
	ratio := float64(r.rss) / allowed
	return result{
		Measured: float64(r.rss) / (1 << 20), Reference: allowed / (1 << 20), Unit: "MiB at the peak", Ratio: ratio,
		Met:  ratio <= 1 && r.Imported == devices,
		More: map[string]float64{"devices/s": r.DevicesPerSecond, "seconds": r.wall.Seconds(), "cpu ms/device": perDevice(r)},
	}, nil
}

func runDecode(ctx context.Context, b *bench) (result, error) {
	const entries = 100_000
	res := result{Reference: 0.8, Unit: "of the floor (the slowest vendor, one core)", More: map[string]float64{}, Met: true}
	for _, format := range vendors.Formats() {
		vendor := format.Vendor()
		manifest, err := b.manifest(ctx, vendor, entries)
		if err != nil {
			return result{}, err
		}
		var args []string
		if format.NeedsSigners() {
			args = []string{"--signer", signerOf(manifest)}
		}
		r, err := b.inspect(ctx, manifest, args...)
		if err != nil {
			return result{}, err
		}
		res.More[vendor+": peak MiB of inspect"] = float64(r.rss) / (1 << 20)
		res.More[vendor+": entries/s of inspect"] = entries / r.wall.Seconds()
		ratio, err := floorRatio(ctx, "./manifest/"+vendor)
		if err != nil {
			return result{}, err
		}
		res.More[vendor+": of the floor"] = ratio
		if res.Measured == 0 || ratio < res.Measured {
			res.Measured = ratio
		}
	}
	res.Ratio = res.Measured / res.Reference
	res.Met = res.Measured >= res.Reference
	return res, nil
}

// floorRatio runs the benchmark of a decoder, which also measures its floor, and
// returns the lowest ratio of all shapes.
func floorRatio(ctx context.Context, pkg string) (float64, error) {
	c := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkDecode$", "-cpu", "1", pkg)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", pkg, err, out)
	}
	lowest := math.Inf(1)
	fields := strings.Fields(string(out))
	for i, field := range fields {
		if field != "ratio" {
			continue
		}
		ratio, err := strconv.ParseFloat(fields[i-1], 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", pkg, err)
		}
		lowest = min(lowest, ratio)
	}
	if math.IsInf(lowest, 1) {
		return 0, fmt.Errorf("%s: no ratio in %q", pkg, out)
	}
	return lowest, nil
}
