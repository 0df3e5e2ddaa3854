package require

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestJarThatIsNotThePinnedOneIsNotRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := checkJars(dir, "elasticmq"); err == nil {
		t.Error("an empty directory is mistaken for ElasticMQ")
	}
	sums, err := jars.ReadFile("jars/elasticmq/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sums)) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if err := os.WriteFile(filepath.Join(dir, name), []byte("another"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := checkJars(dir, "elasticmq"); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("error %v, want one with the SHA-256", err)
	}
	if _, err := checkJars(dir, "postgres"); err == nil {
		t.Error("a program that is not in the list is accepted")
	}
}

func TestServerEndsWithItsStandardInput(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", endsWithStdin, "sh", "sh", "-c", "while echo up; do sleep 0.01; done")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, 20*len("up\n"))); err != nil {
		t.Fatalf("ended while its standard input was open: %v", err)
	}
	_ = stdin.Close()
	if _, err := io.Copy(io.Discard, stdout); err != nil { // to its end, or until the test's own time limit
		t.Error(err)
	}
	_ = cmd.Wait() // killed
}

func TestJavaServersAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start func(testing.TB) string
		path  string
		want  string
	}{
		"elasticmq":      {ElasticMQ, "/?Action=ListQueues", "ListQueuesResult"},
		"dynamodb-local": {DynamoDBLocal, "/", "com.amazonaws.dynamodb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := http.Get(c.start(t) + c.path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), c.want) {
				t.Errorf("%s: %s, %v", resp.Status, body, err)
			}
		})
	}
}
