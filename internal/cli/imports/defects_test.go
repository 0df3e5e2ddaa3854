package imports_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// TestTenThousandEntriesWithDefects imports manifests that contain the generator's bad
// entries, and compares the outcome of every entry with the expected one. Each manifest has
// about a thousand bad entries. One is as long as its name says; the others are shorter,
// because good entries cost most of the time.
func TestTenThousandEntriesWithDefects(t *testing.T) {
	t.Parallel()
	for _, vendor := range material.Vendors() {
		n, share := 1250, "0.8"
		if vendor == "espressif" {
			n, share = 10_000, "0.1"
		}
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			manifest, signer, report := filepath.Join(dir, "manifest"), filepath.Join(dir, "signer.pem"), filepath.Join(dir, "report.jsonl")
			args := []string{"generate", "--vendor", vendor, "-n", strconv.Itoa(n), "--seed", "defects", "--defects", share, "--out", manifest}
			flags := []string{"--sandbox", "--policy", "p", "--report", report}
			if slices.Contains(material.Signed(), vendor) {
				args = append(args, "--signer-out", signer)
				flags = append(flags, "--signer", signer)
			}
			if out, err := exec.Command(clitest.Program(t), args...).CombinedOutput(); err != nil {
				t.Fatalf("generate: %v: %s", err, out)
			}
			got, code := clitest.Import(t, clitest.Environment(t), append(flags, manifest)...)
			if code != 3 || got.Entries != n || got.Failed != 0 || got.Pending != 0 {
				t.Errorf("exit code %d, %+v", code, got)
			}
			type outcome struct{ Outcome, Reason string }
			want := map[int]outcome{}
			eachLine(t, manifest+".expected.jsonl", func(line []byte) error {
				var e struct {
					Entry int
					outcome
				}
				err := json.Unmarshal(line, &e)
				if e.Outcome == "device" {
					e.Outcome = "imported"
				}
				want[e.Entry] = e.outcome
				return err
			})
			seen := map[int]bool{}
			eachLine(t, report, func(line []byte) error {
				var e struct {
					Entry int
					outcome
				}
				if err := json.Unmarshal(line, &e); err != nil {
					return err
				}
				expected := want[e.Entry]
				if e.Outcome != expected.Outcome || expected.Outcome == "rejected" && e.Reason != expected.Reason {
					t.Errorf("entry %d is %+v, want %+v", e.Entry, e.outcome, expected)
				}
				seen[e.Entry] = true
				return nil
			})
			if len(seen) != n || len(want) != n {
				t.Errorf("%d entries reported, %d expected, of %d", len(seen), len(want), n)
			}
		})
	}
}

func eachLine(t *testing.T, path string, do func([]byte) error) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if err := do(lines.Bytes()); err != nil {
			t.Fatal(fmt.Errorf("%s:%d: %w", path, n, err))
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
