package stacks

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/cli/version"
)

// Archives, packages and checkouts put the zip in different places, and none of them may
// be mistaken for a zip in the directory in which an operator happens to be.
func TestCodeIsFoundWhereReleasesAndCheckoutsPutIt(t *testing.T) {
	root := t.TempDir()
	put := func(path string) string {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("PK"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put("elsewhere/" + codeName)
	put("elsewhere/dist/" + codeName)
	t.Chdir(filepath.Join(root, "elsewhere"))
	if err := os.MkdirAll(filepath.Join(root, "go", "bin", codeName), 0o700); err != nil { // a directory is not the zip
		t.Fatal(err)
	}
	for program, want := range map[string]string{
		"archive":      put("archive/" + codeName),
		"usr/bin":      put("usr/share/thingpress/" + codeName),
		"checkout/bin": put("checkout/dist/" + codeName),
		"go/bin":       "",
	} {
		if got := codeNextTo(filepath.Join(root, program)); got != want {
			t.Errorf("the zip for a program in %s is %q, want %q", program, got, want)
		}
	}
}

// zipped writes a zip with these files.
func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), codeName)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	for name, content := range files {
		w, err := archive.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// The template of one version and the functions of another do not fit each other.
func TestReleaseDeploysOnlyTheCodeOfItsOwnVersion(t *testing.T) {
	t.Parallel()
	release := version.Info{Version: "0.3.0"}
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("PK, but no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		path    string
		program version.Info
		want    string // empty if the code is taken
	}{
		"its own": {zipped(t, map[string]string{"bootstrap": "", "VERSION": "0.3.0\n"}), release, ""},
		"an older one": {
			zipped(t, map[string]string{"bootstrap": "", "VERSION": "0.2.0\n"}), release,
			"is of 0.2.0, and this program and its template are of 0.3.0",
		},
		"a longer one":        {zipped(t, map[string]string{"VERSION": "0.3.0-dev.1"}), release, "is of 0.3.0-dev.1"},
		"one without version": {zipped(t, map[string]string{"bootstrap": ""}), release, "is of an unknown version"},
		"no zip":              {garbage, release, "is not a zip file"},
		"nothing":             {garbage + ".zip", release, "no such file"},
		"a developer's":       {zipped(t, map[string]string{"VERSION": "devel"}), version.Info{Version: "devel", Development: true}, ""},
	} {
		err := checkCode(test.path, test.program)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
