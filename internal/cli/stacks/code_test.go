package stacks

import (
	"os"
	"path/filepath"
	"testing"
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
