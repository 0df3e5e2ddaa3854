package main_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// build builds the program once, with the tag and the linker flags of `make lambda`.
// Its other flags are those of the tests, so that packages need not be compiled
// again.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "thingpress-lambda-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := build(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func bootstrap(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// environment returns the variables that the template sets, with an endpoint at which
// nothing answers.
func environment() []string {
	env := []string{
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED=true",
	}
	names := []string{
		"STACK", "LEDGER_TABLE", "MANIFESTS_QUEUE_URL", "DEVICES_QUEUE_URL", "MANIFESTS_PARKED_QUEUE_URL", "DEVICES_PARKED_QUEUE_URL",
		"SIGNER_BUCKET", "REPORTS_BUCKET", "NOTICES_TOPIC_ARN",
	}
	for _, vendor := range vendors.Names() {
		names = append(names, stack.BucketVariable(vendor))
	}
	for _, name := range names {
		env = append(env, "THINGPRESS_"+name+"=x")
	}
	return env
}

// Everything that is linked slows down the start of a function.
func TestOnlyWhatFunctionsNeedIsLinked(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-tags", "lambda.norpc", "-deps", ".")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		for _, unwanted := range []string{
			"modernc.org/", "github.com/spf13/cobra", "github.com/spf13/pflag", "thingpress/internal/cli", "/internal/sandbox",
			"/internal/material", "/internal/testkit/", "/internal/ledger/sqlite", "service/cloudformation", "net/rpc", "testing\n",
		} {
			if strings.Contains(dep, unwanted) {
				t.Errorf("%s is linked", strings.TrimSpace(dep))
			}
		}
	}
}

// pack returns the archive that `make lambda` builds.
func pack(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "function.zip")
	cmd := exec.CommandContext(t.Context(), "go", "run", "github.com/aws/aws-lambda-go/cmd/build-lambda-zip", "-o", path, bootstrap(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build-lambda-zip: %v: %s", err, out)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Lambda reads the whole archive before a function starts, and runs an executable file with the name
// bootstrap. The same program must always give the same archive, or a deployment without changes would
// replace the functions.
func TestTheArchiveIsSmallAndHoldsOneExecutableAndNoTime(t *testing.T) {
	t.Parallel()
	content := pack(t)
	t.Logf("%d bytes in the archive", len(content))
	if len(content) > 8<<20 {
		t.Errorf("%d bytes in the archive, which is more than eight mebibytes", len(content))
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(bootstrap(t), later, later); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content, pack(t)) {
		t.Error("the same program gives different archives")
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" || archive.File[0].Mode()&0o755 != 0o755 {
		t.Fatalf("%+v", archive.File)
	}
	program, err := os.ReadFile(bootstrap(t))
	if err != nil {
		t.Fatal(err)
	}
	r, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if packed, err := io.ReadAll(r); err != nil || !bytes.Equal(packed, program) {
		t.Errorf("%d bytes, %v", len(packed), err)
	}
}

func TestAWrongEnvironmentIsNamedAndEndsTheProcess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		env  []string
		want string
	}{
		{"no configuration", []string{"_HANDLER=importer"}, "THINGPRESS_LEDGER_TABLE is not set"},
		{"no function", append(environment(), "_HANDLER=exporter"), "exporter"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), bootstrap(t))
			cmd.Env = test.env
			out, err := cmd.Output()
			if err == nil || !strings.Contains(string(out), test.want) || !strings.Contains(string(out), `"level":"ERROR"`) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// Every function must report messages that it cannot parse to SQS, which keeps them.
func TestEachFunctionTellsGarbageFromMessages(t *testing.T) {
	t.Parallel()
	for _, handler := range []string{"decoder", "importer", "undeliverable"} {
		t.Run(handler, func(t *testing.T) {
			t.Parallel()
			var log lines
			f := stacktest.NewFunction(t, stacktest.FunctionOptions{
				Name: handler, Command: []string{bootstrap(t)}, Handler: handler, Env: environment(), Timeout: 30 * time.Second, Log: &log,
			})
			answer, err := f.Invoke(t.Context(), []byte(`{"Records":[{"messageId":"m1","body":"garbage"}]}`))
			if err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"m1"}]}` {
				t.Errorf("%s, %v", answer, err)
			}
			f.Stop() // the output of the process has been copied when Stop returns
			if text := log.String(); !strings.Contains(text, `"requestId":"`) || !strings.Contains(text, `"timestamp":"`) {
				t.Errorf("log: %s", text)
			}
		})
	}
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// BenchmarkStartToFirstPoll measures the time from the start of the process to its first
// request for an invocation.
func BenchmarkStartToFirstPoll(b *testing.B) {
	path := bootstrap(b)
	polled := make(chan time.Time, 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/runtime/invocation/next") {
			polled <- time.Now()
		}
		<-r.Context().Done()
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	var total time.Duration
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		cmd := exec.CommandContext(ctx, path)
		cmd.Env = append(environment(), "_HANDLER=importer", "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
		cmd.Stdout = io.Discard
		begun := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		total += (<-polled).Sub(begun)
		cancel()
		_ = cmd.Wait()
	}
	b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), "ms/start")
}
