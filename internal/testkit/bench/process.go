package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// bench has the data that the rows share.
type bench struct {
	binary string
	self   string
	cache  string
	dir    string
	n      int
}

func newBench(ctx context.Context) (*bench, error) {
	dir, err := os.MkdirTemp("", "thingpress-bench-*")
	if err != nil {
		return nil, err
	}
	b := &bench{binary: filepath.Join(dir, "thingpress"), cache: filepath.Join("bench", "cache"), dir: dir}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.cache, 0o750); err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.binary, "./cmd/thingpress")
	build.Stderr = os.Stderr
	return b, build.Run()
}

func (b *bench) close() { _ = os.RemoveAll(b.dir) }

// scratch returns a new path.
func (b *bench) scratch(name string) string {
	b.n++
	return filepath.Join(b.dir, fmt.Sprintf("%d-%s", b.n, name))
}

// manifest generates a manifest, or reuses that of an earlier run.
func (b *bench) manifest(ctx context.Context, vendor string, n int) (string, error) {
	format, err := vendors.Lookup(vendor)
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.cache, fmt.Sprintf("%s-%d%s", vendor, n, format.Extension))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	args := []string{"generate", "--vendor", vendor, "-n", fmt.Sprint(n), "--seed", "7", "--out", path + ".part"}
	if slices.Contains(material.Signed(), vendor) {
		args = append(args, "--signer-out", signerOf(path))
	}
	generate := exec.CommandContext(ctx, b.binary, args...)
	if out, err := generate.CombinedOutput(); err != nil {
		return "", fmt.Errorf("generate %s: %w: %s", vendor, err, out)
	}
	return path, os.Rename(path+".part", path)
}

func signerOf(manifest string) string { return manifest + ".signer.pem" }

// A sandbox is a sandbox process.
type sandbox struct {
	url     string
	process *exec.Cmd
	log     *os.File
}

func (b *bench) sandbox(ctx context.Context, args ...string) (*sandbox, error) {
	s := &sandbox{process: exec.CommandContext(ctx, b.binary, append([]string{"sandbox", "--listen", "127.0.0.1:0"}, args...)...)}
	var err error
	if s.log, err = os.Create(b.scratch("sandbox.log")); err != nil {
		return nil, err
	}
	s.process.Stderr = s.log
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("sandbox did not start: %w", err)
	}
	s.url = strings.TrimSpace(line)
	return s, nil
}

// stop ends the sandbox in an orderly way, so that it keeps its state.
func (s *sandbox) stop() {
	_ = s.process.Process.Signal(os.Interrupt)
	_ = s.process.Wait() // the exit code of an interrupted process means nothing
	_ = s.log.Close()
}

// summary is the part of an import's last line that the rows need.
type summary struct {
	Type             string         `json:"type"`
	Entries          int            `json:"entries"`
	Imported         int            `json:"imported"`
	Unchanged        int            `json:"unchanged"`
	Failed           int            `json:"failed"`
	Rejected         int            `json:"rejected"`
	Skipped          int            `json:"skipped"`
	Pending          int            `json:"pending"`
	Seconds          float64        `json:"seconds"`
	DevicesPerSecond float64        `json:"devices_per_second"`
	Ceiling          float64        `json:"ceiling"`
	Calls            map[string]int `json:"calls"`
	Throttled        int            `json:"throttled"`
	Retries          int            `json:"retries"`
}

// A run is an import that has ended.
type run struct {
	summary
	exit int
	cpu  time.Duration // user and system
	rss  int64         // peak, in bytes
	wall time.Duration
}

// importing returns the command that runs an import.
func (b *bench) importing(ctx context.Context, url, ledger string, args ...string) *exec.Cmd {
	all := []string{"import", "--endpoint-url", url, "--region", "us-east-1", "--ledger", ledger, "--yes", "--quiet", "--output", "json"}
	c := exec.CommandContext(ctx, b.binary, append(all, args...)...)
	c.Env = append(os.Environ(), nobody...)
	return c
}

// nobody has made-up credentials; the sandbox accepts any.
var nobody = []string{
	"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=sandbox", "AWS_EC2_METADATA_DISABLED=true",
	"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
}

func (b *bench) imports(ctx context.Context, url, ledger string, args ...string) (run, error) {
	c := b.importing(ctx, url, ledger, args...)
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	begun := time.Now()
	err := c.Run()
	r := run{wall: time.Since(begun)}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		r.exit = exit.ExitCode()
	} else if err != nil {
		return r, err
	}
	r.cpu, r.rss = spent(c)
	if err := lastLine(&out, &r.summary); err != nil {
		return r, fmt.Errorf("import (exit code %d): %w: %s%s", r.exit, err, out.Bytes(), problems.Bytes())
	}
	if r.Entries != r.Imported+r.Unchanged+r.Failed+r.Rejected+r.Skipped+r.Pending {
		return r, fmt.Errorf("the numbers do not add up: %+v", r.summary)
	}
	return r, nil
}

func measured(c *exec.Cmd, wall time.Duration) run {
	r := run{wall: wall}
	r.cpu, r.rss = spent(c)
	return r
}

// spent returns the processor time and the peak memory of a process that has ended.
func spent(c *exec.Cmd) (cpu time.Duration, rss int64) {
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), peak(c.ProcessState)
}

func lastLine(out io.Reader, into *summary) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	var last []byte
	for lines.Scan() {
		last = append(last[:0], lines.Bytes()...)
	}
	if err := json.Unmarshal(last, into); err != nil || into.Type != "summary" {
		return errors.New("no summary as the last line")
	}
	return nil
}

func sorted(m map[string]float64) []string { return slices.Sorted(maps.Keys(m)) }

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output() //nolint:noctx // a moment
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
