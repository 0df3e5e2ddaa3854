package release

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// built returns the directory with the files of a release.
func built(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("THINGPRESS_TEST_RELEASE")
	if dir == "" {
		t.Skip("no release to test: `make snapshot test-release` builds and tests one")
	}
	return dir
}

// one returns the only file that matches a pattern.
func one(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %q, %v; want one file", pattern, found, err)
	}
	return found[0]
}

// run runs a program without any configuration of this machine and returns its output.
func run(t *testing.T, want int, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{
		"HOME=" + cmd.Dir, "PATH=" + os.Getenv("PATH"), "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true",
	}
	out, err := cmd.CombinedOutput()
	if exit := (&exec.ExitError{}); err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != want {
		t.Fatalf("%s %q: %v, want exit code %d\n%s", program, args, err, want, out)
	}
	return string(out)
}

// commit returns what the release was built from.
func commit(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD")
	cmd.Dir = require.Root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// checkInstalled fails the test unless a program knows its version, imports, and finds the code
// of the functions. Only then does a deployment reach the endpoint, at which nothing answers.
func checkInstalled(t *testing.T, program, examples string) {
	t.Helper()
	if out := run(t, 0, program, "version"); !strings.HasPrefix(out, "thingpress 0.") || !strings.Contains(out, "commit "+commit(t)) {
		t.Errorf("version prints %s", out)
	}
	out := run(t, 0, program, "import", "--sandbox", "--policy", "sensors", filepath.Join(examples, "espressif.csv"))
	if !strings.Contains(out, "12 imported") {
		t.Errorf("import prints %s", out)
	}
	out = run(t, 1, program, "stack", "deploy", "--endpoint-url", "http://127.0.0.1:1", "--yes")
	if strings.Contains(out, "was not installed") || strings.Contains(out, "and this program and its template are of") {
		t.Errorf("the zip of the functions is not found, or of another version: %s", out)
	}
	other := filepath.Join(t.TempDir(), "other.zip")
	if err := os.WriteFile(other, []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), 0o600); err != nil {
		t.Fatal(err)
	}
	out = run(t, 1, program, "stack", "deploy", "--endpoint-url", "http://127.0.0.1:1", "--code", other, "--yes")
	if !strings.Contains(out, "is of an unknown version, and this program and its template are of 0.") {
		t.Errorf("a zip of another version is deployed: %s", out)
	}
}

// The examples for the AWS CDK and Terraform are directories, whose files were once installed without them.
func checkExamples(t *testing.T, installed string) {
	t.Helper()
	want := os.DirFS(filepath.Join(require.Root(t), "examples"))
	err := fs.WalkDir(want, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			_, err = os.Stat(filepath.Join(installed, path))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A package with a wrong path or mode would be noticed by the first who installs it.
func TestPackageForDebianInstalls(t *testing.T) {
	t.Parallel()
	deb := one(t, filepath.Join(built(t), "*_"+runtime.GOARCH+".deb"))
	root := t.TempDir()
	if os.Getuid() == 0 {
		for _, dir := range []string{"updates", "info", "triggers"} {
			if err := os.MkdirAll(filepath.Join(root, "var", "lib", "dpkg", dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(root, "var", "lib", "dpkg", "status"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, 0, "dpkg", "--root="+root, "--install", deb)
		if out := run(t, 0, "dpkg", "--root="+root, "--status", "thingpress"); !strings.Contains(out, "Status: install ok installed") {
			t.Errorf("dpkg says %s", out)
		}
	} else {
		run(t, 0, "dpkg-deb", "--extract", deb, root)
	}
	checkInstalled(t, filepath.Join(root, "usr", "bin", "thingpress"), filepath.Join(root, "usr", "share", "doc", "thingpress", "examples"))
	for _, file := range []string{
		"usr/share/man/man1/thingpress.1", "usr/share/man/man1/thingpress-stack-deploy.1",
		"usr/share/bash-completion/completions/thingpress", "usr/share/zsh/vendor-completions/_thingpress",
		"usr/share/fish/vendor_completions.d/thingpress.fish", "usr/share/thingpress/thingpress-template.json",
		"usr/share/doc/thingpress/copyright", "usr/share/doc/thingpress/docs/stack.md",
	} {
		info, err := os.Stat(filepath.Join(root, file))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o644 {
			t.Errorf("%s has mode %o", file, info.Mode().Perm())
		}
	}
	checkExamples(t, filepath.Join(root, "usr", "share", "doc", "thingpress", "examples"))
	if os.Getuid() == 0 {
		run(t, 0, "dpkg", "--root="+root, "--remove", "thingpress")
		if _, err := os.Stat(filepath.Join(root, "usr", "bin", "thingpress")); err == nil {
			t.Error("the package does not remove its program")
		}
	}
}

// The package for Red Hat has the same contents. Nothing here can install it, so only its
// format is checked (rpm's lead, and the architecture in its name).
func TestPackageForRedHatIsOne(t *testing.T) {
	t.Parallel()
	dir := built(t)
	for _, arch := range []string{"amd64", "arm64"} {
		content, err := os.ReadFile(one(t, filepath.Join(dir, "*_"+arch+".rpm")))
		if err != nil || !bytes.HasPrefix(content, []byte{0xed, 0xab, 0xee, 0xdb}) {
			t.Errorf("%s: %v, begins with % x", arch, err, content[:min(4, len(content))])
		}
	}
}

// Users unpack an archive anywhere and run what is in it.
func TestArchiveOfEveryPlatformHasItsProgram(t *testing.T) {
	t.Parallel()
	dir := built(t)
	for _, platform := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64"} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			system, arch, _ := strings.Cut(platform, "_")
			root, program := t.TempDir(), "thingpress"
			if system == "windows" {
				run(t, 0, "unzip", "-q", one(t, filepath.Join(dir, "*_"+platform+".zip")), "-d", root)
				program += ".exe"
			} else {
				run(t, 0, "tar", "-xzf", one(t, filepath.Join(dir, "*_"+platform+".tar.gz")), "-C", root)
			}
			program = one(t, filepath.Join(root, "*", program))
			info, err := buildinfo.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			settings := map[string]string{}
			for _, s := range info.Settings {
				settings[s.Key] = s.Value
			}
			if settings["GOOS"] != system || settings["GOARCH"] != arch || settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
				t.Errorf("built with %v", settings)
			}
			for _, file := range []string{
				"LICENSE", "README.md", "man/thingpress.1", "completions/thingpress.ps1", "docs/stack.md", "thingpress-lambda.zip",
			} {
				if _, err := os.Stat(filepath.Join(filepath.Dir(program), file)); err != nil {
					t.Error(err)
				}
			}
			if system == runtime.GOOS && arch == runtime.GOARCH {
				checkInstalled(t, program, filepath.Join(filepath.Dir(program), "examples"))
			}
			if system == "linux" {
				checkStatic(t, program)
			}
		})
	}
}

// checkStatic fails the test if a program needs a loader or has symbols.
func checkStatic(t *testing.T, program string) {
	t.Helper()
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program is linked dynamically")
		}
	}
	if file.Section(".symtab") != nil || file.Section(".debug_info") != nil {
		t.Error("the program has symbols")
	}
}

func TestEveryFileHasItsChecksum(t *testing.T) {
	t.Parallel()
	dir := built(t)
	sums, err := os.Open(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	defer sums.Close()
	elsewhere := map[string]string{ // files that are not goreleaser's
		"thingpress-lambda.zip":    filepath.Join(dir, "..", "thingpress-lambda.zip"),
		"thingpress-image.tar":     filepath.Join(dir, "..", "thingpress-image.tar"),
		"thingpress-template.json": filepath.Join(dir, "..", "thingpress-template.json"),
	}
	listed := map[string]bool{}
	for lines := bufio.NewScanner(sums); lines.Scan(); {
		want, name, _ := strings.Cut(lines.Text(), "  ")
		path := filepath.Join(dir, name)
		if other, ok := elsewhere[name]; ok {
			path = other
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s has another checksum", name)
		}
		listed[name] = true
	}
	for _, pattern := range []string{"*.tar.gz", "*.zip", "*.deb", "*.rpm", "*.cdx.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Errorf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			if !listed[filepath.Base(file)] {
				t.Errorf("%s has no checksum", filepath.Base(file))
			}
		}
	}
	for name := range elsewhere {
		if !listed[name] {
			t.Errorf("%s has no checksum", name)
		}
	}
}

func TestEveryProgramHasAListOfItsModules(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(built(t), "*.cdx.json"))
	if err != nil || len(files) != 7 {
		t.Fatalf("%d lists: %v; want one for each of six programs, and one for the functions", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			BOMFormat  string
			Components []struct{ Name, Version string }
		}
		if err := json.Unmarshal(content, &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		names := map[string]bool{}
		for _, c := range list.Components {
			names[c.Name] = c.Version != ""
		}
		if list.BOMFormat != "CycloneDX" || !names["github.com/aws/aws-sdk-go-v2/service/iot"] {
			t.Errorf("%s: %s with %d components", filepath.Base(file), list.BOMFormat, len(names))
		}
	}
}
