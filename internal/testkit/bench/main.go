package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"
)

// A row is one line of the table.
type row struct {
	name    string
	setting string
	aim     string
	run     func(ctx context.Context, b *bench) (result, error)
	// rare rows run only if -row names them.
	rare bool
}

// A result is what a row measured, with its reference.
type result struct {
	// Measured and Reference are in Unit. Ratio is Measured divided by Reference.
	Measured  float64 `json:"measured"`
	Reference float64 `json:"reference"`
	Unit      string  `json:"unit"`
	Ratio     float64 `json:"ratio"`
	// Met reports whether the aim was reached.
	Met bool `json:"met"`
	// More has further measurements.
	More map[string]float64 `json:"more,omitempty"`
}

type record struct {
	Row     string  `json:"row"`
	Setting string  `json:"setting"`
	Aim     string  `json:"aim"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`
	result
}

func rows() []row {
	return []row{
		{
			"ceiling",
			"default quotas × 10, 40 ms ± 20, 1 policy, 1 group, type; 3,000 devices",
			"≥ 0.98 of the ceiling, no call throttled",
			runCeiling,
			false,
		},
		{
			"wrong quota",
			"server at half of what the client believes; 3,000 devices",
			"≥ 0.92 of the real ceiling, ≤ 2 % of the binding operation throttled",
			runWrongQuota,
			false,
		},
		{
			"neighbour",
			"a second client takes 50 % of one quota for the middle third; 6,000 devices",
			"≥ 0.90 of the remaining quota",
			runNeighbour,
			false,
		},
		{
			"faults",
			"20 % of calls fail, half of them after they took effect; 10,000 devices",
			"all imported; ≥ 0.75 of quota × (1 − fault share); last tenth as fast as the first",
			runFaults,
			false,
		},
		{"overhead", "no quotas, no latency; 20,000 devices", "≥ 0.9 of a bare SDK loop of equal concurrency", runOverhead, false},
		{"resume", "100,000 of 101,000 devices done, killed, started again", "first call within the time to decode + 2 s", runResume, false},
		{"unchanged", "20,000 devices imported before, no quotas", "calls and time next to the fresh import", runUnchanged, false},
		{"decode", "100,000 entries of each vendor", "≥ 0.8 of the floor", runDecode, false},
		{
			"policies",
			"1,000,000 devices × 20 requests on all processors; outcomes and explanations on one",
			"≥ 1,000,000 decisions/s of processor time; the fleet within 30 s",
			runPolicies,
			false,
		},
		{"million", "1,000,000 devices, no quotas", "completes within 96 MiB + 64 B per entry", runMillion, true},
	}
}

func main() {
	only := flag.String("row", "", "run only this row")
	million := flag.Bool("million", false, "run the row million as well")
	out := flag.String("out", "bench/results.json", "file for the results")
	bare := flag.String("bare", "", "internal: run the bare SDK loop against this endpoint")
	manifest := flag.String("manifest", "", "internal: manifest of the bare SDK loop")
	workers := flag.Int("workers", 0, "internal: concurrency of the bare SDK loop")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *bare != "" {
		err = runBare(ctx, *bare, *manifest, *workers)
	} else {
		err = runRows(ctx, *only, *million, *out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // the deferred stop has nothing left to do
	}
}

func runRows(ctx context.Context, only string, million bool, out string) error {
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	fmt.Printf("%s, %d processors, GOMAXPROCS %d\n", runtime.Version(), runtime.NumCPU(), runtime.GOMAXPROCS(0))
	var records []record
	for _, r := range rows() {
		if only != "" && only != "." && r.name != only || only != r.name && r.rare && !million {
			continue
		}
		fmt.Printf("\n%s: %s\n", r.name, r.setting)
		begun := time.Now()
		res, err := r.run(ctx, b)
		rec := record{Row: r.name, Setting: r.setting, Aim: r.aim, Seconds: time.Since(begun).Seconds(), result: res}
		if err != nil {
			rec.Error = err.Error()
		}
		rec.print()
		records = append(records, rec)
		if ctx.Err() != nil {
			break
		}
	}
	if len(records) == 0 {
		return fmt.Errorf("no row %q", only)
	}
	return write(out, records)
}

func (r record) print() {
	switch {
	case r.Error != "":
		fmt.Printf("  NOT MEASURED: %s\n", r.Error)
		return
	case r.Met:
		fmt.Printf("  met        ")
	default:
		fmt.Printf("  NOT MET    ")
	}
	fmt.Printf("%.2f of %.2f %s = %.3f   (aim: %s; %.0f s)\n", r.Measured, r.Reference, r.Unit, r.Ratio, r.Aim, r.Seconds)
	for _, name := range sorted(r.More) {
		fmt.Printf("             %s %.3f\n", name, r.More[name])
	}
}

func write(path string, records []record) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	text, err := json.MarshalIndent(struct {
		At     time.Time `json:"at"`
		Go     string    `json:"go"`
		Cores  int       `json:"cores"`
		Commit string    `json:"commit"`
		Rows   []record  `json:"rows"`
	}{time.Now().UTC(), runtime.Version(), runtime.NumCPU(), commit(), records}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil { //nolint:gosec // anybody may read results
		return err
	}
	failed := 0
	for _, r := range records {
		if r.Error != "" {
			failed++
		}
	}
	if failed > 0 {
		return errors.New("some rows could not be measured")
	}
	return nil
}
