package verify_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A line is one line of `thingpress verify --output json`.
type line struct {
	Type          string
	Thing         string `json:"thing_name"`
	CertificateID string `json:"certificate_id"`
	Reason, Todo  string
	State, Error  string
	Devices       int
	Drifted       int
	Pending       int
	Fixed         *struct{ Changed, Mended, Left int }
	Connections   *struct {
		Seen, Connected int
		Never           int `json:"never_connected"`
	}
	Calls map[string]int
}

// A world is a sandbox with an import, and a machine that verifies it.
type world struct {
	*testing.T
	url, manifest, id string
	env               []string
	names             []string
	ids               map[string]string
	hand              *iot.Client
}

func newWorld(t *testing.T, devices int) *world {
	t.Helper()
	w := start(t)
	w.imported(devices)
	return w
}

// start starts a sandbox that has what an import needs.
func start(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, env: clitest.Environment(t), url: clitest.StartSandbox(t), ids: map[string]string{}}
	w.hand = clitest.Client(w.url)
	w.attachments()
	return w
}

func (w *world) attachments() {
	w.Helper()
	clitest.CreateAttachments(w.T, w.hand, []string{"p", "q"}, []string{"g"}, "sensor")
	w.did(w.hand.CreateBillingGroup(w.Context(), &iot.CreateBillingGroupInput{BillingGroupName: aws.String("bills")}))
}

// imported imports devices.
func (w *world) imported(devices int) {
	w.Helper()
	w.importedFrom(clitest.Generate(w.T, "espressif", devices))
}

// importedFrom imports the devices of a manifest.
func (w *world) importedFrom(path string) {
	t := w.T
	t.Helper()
	w.manifest = path
	report := filepath.Join(t.TempDir(), "report.jsonl")
	s, code := clitest.Import(t, w.env, append(w.flags(), "--report", report, w.manifest)...)
	if code != 0 {
		t.Fatalf("exit code %d: %+v", code, s)
	}
	w.id = s.Import
	content, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(string(content)) {
		var row line
		if err := json.Unmarshal([]byte(text), &row); err != nil {
			t.Fatal(err)
		}
		w.names, w.ids[row.Thing] = append(w.names, row.Thing), row.CertificateID
	}
}

// flags are those of the import.
func (w *world) flags() []string {
	return []string{
		"--endpoint-url", w.url, "--policy", "p", "--thing-group", "g", "--thing-type", "sensor", "--billing-group", "bills",
		"--attribute", "mac={mac}",
	}
}

func (w *world) did(_ any, err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) arn(name string) *string {
	return aws.String("arn:aws:iot:us-east-1:123456789012:cert/" + w.ids[name])
}

// verify runs thingpress verify and returns its lines, the kinds of drift by thing, and its exit code.
func (w *world) verify(args ...string) (last line, drift map[string][]string, code int) {
	w.Helper()
	c := exec.CommandContext(w.Context(), clitest.Program(w.T), append([]string{"verify", "--output", "json", "--yes"}, args...)...)
	c.Env = w.env
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	_ = c.Run() // the exit code is returned
	drift = map[string][]string{}
	for d := json.NewDecoder(&out); d.More(); {
		last = line{}
		if err := d.Decode(&last); err != nil {
			w.Fatalf("%v: %s%s", err, out.String(), problems.String())
		}
		if last.Type == "drift" {
			drift[last.Thing] = append(drift[last.Thing], strings.TrimPrefix(last.Reason, "drift-"))
		}
	}
	if last.Type != "verification" && last.Type != "error" {
		w.Fatalf("no result: %+v %s", last, problems.String())
	}
	return last, drift, c.ProcessState.ExitCode()
}

// A flaky endpoint fails every fifth call, half of them after they took effect, while on is set.
type flaky struct {
	to    *httputil.ReverseProxy
	on    atomic.Bool
	calls atomic.Int64
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := f.calls.Add(1)
	if !f.on.Load() || n%5 != 0 {
		f.to.ServeHTTP(w, r)
		return
	}
	if n%10 == 0 {
		f.to.ServeHTTP(httptest.NewRecorder(), r)
	}
	w.Header().Set("X-Amzn-Errortype", "InternalFailureException")
	w.WriteHeader(http.StatusInternalServerError)
}
