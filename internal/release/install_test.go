package release

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// unpack writes the files of a tar below dir, with their owners if this is root.
func unpack(t *testing.T, r io.Reader, dir string) {
	t.Helper()
	for in := tar.NewReader(r); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Clean("/"+header.Name))
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			var content []byte
			if content, err = io.ReadAll(in); err == nil {
				err = os.WriteFile(path, content, 0o600)
			}
		}
		if err == nil && os.Getuid() == 0 {
			err = os.Chown(path, header.Uid, header.Gid)
		}
		if err == nil {
			err = os.Chmod(path, header.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func readJSON(t *testing.T, path string, value any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, value)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// An image without a shell cannot be repaired by its operator. Its program must run as its
// user, with nothing but the files of the image.
func TestImageRunsWithoutPrivileges(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join(built(t), "..", "thingpress-image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	layout, root := t.TempDir(), t.TempDir()
	unpack(t, file, layout)
	blob := func(digest string) string {
		return filepath.Join(layout, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
	}
	type reference struct {
		Digest   string
		Platform struct{ Architecture string }
	}
	var index, all struct{ Manifests []reference }
	readJSON(t, filepath.Join(layout, "index.json"), &index)
	readJSON(t, blob(index.Manifests[0].Digest), &all)
	for _, m := range all.Manifests {
		if m.Platform.Architecture != runtime.GOARCH {
			continue
		}
		var image struct{ Layers []reference }
		readJSON(t, blob(m.Digest), &image)
		run(t, 0, "tar", "-xzpf", blob(image.Layers[0].Digest), "-C", root)
	}
	examples := filepath.Join(require.Root(t), "examples")
	if os.Getuid() != 0 { // only root can change the root directory and the user
		checkInstalled(t, filepath.Join(root, "usr", "bin", "thingpress"), examples)
		return
	}
	content, err := os.ReadFile(filepath.Join(examples, "espressif.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "work", "reel.csv"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	inImage := func(want int, args ...string) string {
		command := append([]string{
			"--userspec=65532:65532", root, "/usr/bin/thingpress",
		}, args...)
		cmd := exec.CommandContext(t.Context(), "chroot", command...)
		cmd.Env = []string{
			"PATH=/usr/bin:/usr/sbin", "HOME=/home/nonroot", "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_REGION=us-east-1",
			"AWS_EC2_METADATA_DISABLED=true",
		}
		out, _ := cmd.CombinedOutput() // the exit code is checked
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
			t.Fatalf("%q: want exit code %d\n%s", args, want, out)
		}
		return string(out)
	}
	if out := inImage(0, "import", "--sandbox", "--policy", "sensors", "/work/reel.csv"); !strings.Contains(out, "12 imported") {
		t.Errorf("import prints %s", out)
	}
	if out := inImage(1, "stack", "deploy", "--endpoint-url", "http://127.0.0.1:1", "--yes"); strings.Contains(out, "was not installed") {
		t.Errorf("the zip of the functions is not found: %s", out)
	}
}

// A replace directive, a generated file that is not committed or a file name that a module must
// not have makes go install fail, for everybody and only after the release.
func TestGoInstallInstallsTheCommittedTree(t *testing.T) {
	t.Parallel()
	built(t)
	const module = "github.com/thingpress/thingpress"
	version := fmt.Sprintf("v0.99.0-test.%d", time.Now().UnixNano()) // the module cache keeps what it has
	proxy, root := t.TempDir(), require.Root(t)
	dir := filepath.Join(proxy, module, "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	archive := exec.CommandContext(t.Context(), "git", "archive", "--format=zip", "--prefix="+module+"@"+version+"/",
		"--output="+filepath.Join(dir, version+".zip"), "HEAD")
	archive.Dir = root
	if out, err := archive.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"list": version + "\n", version + ".mod": string(mod),
		version + ".info": fmt.Sprintf(`{"Version":%q,"Time":"2026-11-25T10:00:00Z"}`, version),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules, bin := strings.TrimSpace(string(cache)), t.TempDir()
	t.Cleanup(func() { // go install left the module in the cache
		_ = os.RemoveAll(filepath.Join(modules, module+"@"+version))
		left, _ := filepath.Glob(filepath.Join(modules, "cache", "download", module, "@v", version+".*"))
		for _, file := range left {
			_ = os.Remove(file)
		}
	})
	install := exec.CommandContext(t.Context(), "go", "install", module+"/cmd/thingpress@latest")
	install.Dir = t.TempDir()
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=-modcacherw", "GOSUMDB=off",
		"GOPROXY=file://"+proxy+",file://"+filepath.Join(modules, "cache", "download"))
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program := filepath.Join(bin, "thingpress")
	if out := run(t, 0, program, "version"); !strings.HasPrefix(out, "thingpress "+version[1:]+"\n") {
		t.Errorf("version prints %s, want %s", out, version)
	}
	out := run(t, 1, program, "stack", "deploy", "--endpoint-url", "http://127.0.0.1:1", "--yes")
	if !strings.Contains(out, "go install does not") {
		t.Errorf("stack deploy prints %s", out)
	}
}
