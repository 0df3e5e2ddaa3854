package imports_test

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// TestPrivateKeysReachNothing imports manifests with private keys in places where they
// have occurred, and searches everything that the run leaves behind.
func TestPrivateKeysReachNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	list := filepath.Join(dir, "list.txt")
	if out, err := exec.Command(clitest.Program(t), "generate", "--vendor", "generated", "-n", "5", "--seed", "keys", "--out", list, "--keys",
		keys).CombinedOutput(); err != nil {
		t.Fatalf("generate: %v: %s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(keys, "*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no keys were written: %v", err)
	}
	key, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Split(string(key), "\n")[1][:24]
	for name, content := range map[string]string{
		"after the certificates":   string(good) + string(key),
		"in base64":                string(good) + base64.StdEncoding.EncodeToString(key) + "\n",
		"before the certificates":  string(key) + string(good),
		"in a column of a CSV":     "MAC,cn,cert,key\n4BA2BB8764BD,x,y,\"" + string(key) + "\"\n",
		"as a JWK with d":          `[{"payload":"e30","protected":"e30","signature":"","key":{"kty":"EC","d":"` + secret + `"}}]`,
		"with escaped line breaks": "MAC,cn,cert\n4BA2BB8764BD,x," + strings.ReplaceAll(string(key), "\n", `\n`) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, report := filepath.Join(dir, "manifest"), filepath.Join(dir, "report.jsonl")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			state := filepath.Join(dir, "state")
			for _, args := range [][]string{
				{"inspect", path},
				{"inspect", "--output", "json", path},
				{"import", "--sandbox", "--policy", "p", "--report", report, path},
				{"import", "--sandbox", "--partial", "--policy", "p", "--report", report, path},
			} {
				c := exec.Command(clitest.Program(t), args...)
				c.Env = append(clitest.Environment(t), "XDG_STATE_HOME="+state)
				out, _ := c.CombinedOutput() // the exit code is checked
				if code := c.ProcessState.ExitCode(); code != 1 || !bytes.Contains(out, []byte("private key")) {
					t.Errorf("%v: exit code %d: %s", args, code, out)
				}
				if bytes.Contains(out, []byte(secret)) {
					t.Errorf("%v prints the key", args)
				}
			}
			err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() || file == path {
					return err
				}
				left, err := os.ReadFile(file)
				if bytes.Contains(left, []byte(secret)) {
					t.Errorf("%s holds the key", file)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestMemoryStaysWithinItsBound compares the peak of the client without the sandbox with
// the bound of an import, which is 96 MiB and 64 bytes per entry.
func TestMemoryStaysWithinItsBound(t *testing.T) {
	t.Parallel()
	if require.Race {
		t.Log("the client is built without the race detector, as shipped")
	}
	const devices = 10_000
	manifest := clitest.Generate(t, "espressif", devices)
	url := clitest.StartSandbox(t)
	clitest.CreateAttachments(t, clitest.Client(url), []string{"p"}, []string{"g"}, "sensor")
	c := exec.Command(clitest.Built(t), "import", "--yes", "--quiet", "--endpoint-url", url, "--policy", "p", "--thing-group", "g",
		"--thing-type", "sensor", manifest)
	c.Env = clitest.Environment(t)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	end, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- peakMemory(c.Process.Pid, end) }()
	err := c.Wait()
	close(end)
	most := <-peak
	if err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	t.Logf("peak of %d MiB", most>>20)
	if most > 96<<20+64*devices || runtime.GOOS == "linux" && most == 0 {
		t.Errorf("peak of %d bytes", most)
	}
}
