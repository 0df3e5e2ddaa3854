package after_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A world is a sandbox in this process, for which thingpress runs as processes.
type world struct {
	server *sandbox.Server
	client *iot.Client
	url    string
	env    []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{Latency: sandbox.Latency{Mean: 3 * time.Millisecond, Jitter: 3 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Ensure([]string{"p", "q"}, "sensor", []string{"g"}, ""); err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return &world{server: server, client: clitest.Client(listener.URL), url: listener.URL, env: clitest.Environment(t)}
}

// importAll imports a manifest and returns the ID of the import.
func (w *world) importAll(t *testing.T, manifest string, args ...string) string {
	t.Helper()
	s, code := clitest.Import(t, w.env, append(args, "--endpoint-url", w.url, "--policy", "p", "--thing-type", "sensor",
		"--thing-group", "g", manifest)...)
	if code != 0 {
		t.Fatalf("import: exit code %d, %+v", code, s)
	}
	return s.Import
}

// A summary is the last line of a later command.
type summary struct {
	Type, Command                                      string
	Entries, Changed, Unchanged, Kept, Failed, Skipped int
	State                                              string
	Calls                                              map[string]int
	Failures                                           []struct {
		Reason  string
		Count   int
		Example string
	}
}

// later runs a later command to its end and returns its summary and exit code.
func (w *world) later(t *testing.T, args ...string) (s summary, code int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), clitest.Program(t), append(args, "--yes", "--output", "json", "--quiet")...)
	c.Env = w.env
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	_ = c.Run() // the callers check the exit code
	if err := json.Unmarshal(out.Bytes(), &s); err != nil || s.Type != "summary" {
		t.Fatalf("%v: no summary in %s%s", args, out.Bytes(), problems.Bytes())
	}
	return s, c.ProcessState.ExitCode()
}

// killed runs a later command and kills it at random moments.
func (w *world) killed(t *testing.T, rounds int, args ...string) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed of the moments: %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range rounds {
		c := exec.Command(clitest.Program(t), append(args, "--yes", "--quiet")...)
		c.Env = w.env
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(50*time.Millisecond+time.Duration(random.Int64N(int64(500*time.Millisecond))), func() { _ = c.Process.Kill() })
		_ = c.Wait() // how it ended does not matter
		timer.Stop()
	}
}

// rounds returns how often a command is killed: many times with make test-kills.
func rounds(few int) int {
	if n, err := strconv.Atoi(os.Getenv("THINGPRESS_TEST_KILLS")); err == nil {
		return n
	}
	return few
}

// badly makes a fifth of all calls fail, and lists and deletions lag behind.
var badly = sandbox.Faults{Throttle: 0.07, Error: 0.07, Drop: 0.06, Stale: 200 * time.Millisecond, Seed: 15}

// An undo that left something behind, or took what others have, would be worse than none.
func TestKilledUndoLeavesTheRegistryAsItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.importAll(t, clitest.Generate(t, "generated", 5), "--ledger", t.TempDir()+"/other.db")
	manifest := clitest.Generate(t, "espressif", 16)
	// One thing exists already, just as the import would create it.
	name := firstThing(t, manifest)
	if _, err := w.client.CreateThing(t.Context(), &iot.CreateThingInput{ThingName: &name, ThingTypeName: aws.String("sensor")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.AddThingToThingGroup(t.Context(), &iot.AddThingToThingGroupInput{
		ThingName: &name, ThingGroupName: aws.String("g"),
	}); err != nil {
		t.Fatal(err)
	}
	before := w.server.State()
	w.server.SetFaults(badly)
	id := w.importAll(t, manifest)
	for _, verb := range []string{"deactivate", "activate"} {
		if s, code := w.later(t, verb, id); code != 0 || s.Changed != 16 {
			t.Errorf("%s: exit code %d, %+v", verb, code, s)
		}
	}
	w.killed(t, rounds(3), "undo", id)
	s, code := w.later(t, "undo", id)
	if code != 3 || s.Changed+s.Unchanged != 15 || s.Kept != 1 || len(s.Failures) != 1 || s.Failures[0].Reason != "kept-ensured" {
		t.Errorf("exit code %d, %+v; want all undone but the membership of the thing that existed", code, s)
	}
	if diff := cmp.Diff(before, w.server.State()); diff != "" {
		t.Errorf("-before +after: %s", diff)
	}
}

// firstThing returns the common name of the first entry of an Espressif manifest.
func firstThing(t *testing.T, manifest string) string {
	t.Helper()
	file, err := os.Open(manifest)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1][slices.Index(rows[0], "cn")]
}

// generateSeeded makes an Espressif manifest whose certificates no other seed gives.
func generateSeeded(t *testing.T, seed string, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reel.csv")
	c := exec.CommandContext(t.Context(), clitest.Program(t), "generate", "--vendor", "espressif", "-n", strconv.Itoa(n),
		"--seed", seed, "--out", path)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// A command per later import would still keep what the other ones count on.
func TestUndoNamesOneCommandForAllImportsThatCountOnADevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manifest, book := clitest.Generate(t, "generated", 1), filepath.Join(t.TempDir(), "a.db")
	var ids []string
	for range 3 {
		ids = append(ids, w.importAll(t, manifest, "--new", "--ledger", book))
	}
	c := exec.CommandContext(t.Context(), clitest.Program(t), "undo", ids[0], "--dry-run", "--ledger", book)
	c.Env = w.env
	out, _ := c.CombinedOutput() // exits with 3, as the device is kept
	want := "\nto undo them together: thingpress undo " + strings.Join(ids, " ") + " --ledger " + book + "\n"
	if !strings.Contains(string(out), want) || c.ProcessState.ExitCode() != 3 {
		t.Errorf("exit code %d, output without %s\n%s", c.ProcessState.ExitCode(), want, out)
	}
	if s, code := w.later(t, "undo", ids[0], ids[1], ids[2], "--ledger", book); code != 0 || s.Kept != 0 {
		t.Errorf("undo of all: exit code %d, %+v", code, s)
	}
}
