package require

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// RequireEnv names the environment variable that lists what must not be missing.
	RequireEnv = "THINGPRESS_REQUIRE"
	// PeersEnv names the environment variable that lets tests run foreign programs.
	PeersEnv = "THINGPRESS_PEERS"
)

// Missing ends the test because what was not found. It fails if RequireEnv lists
// what, and skips otherwise. why must say what was looked for, where, and how to
// get it. Missing does not return.
func Missing(t testing.TB, what, why string) {
	t.Helper()
	for name := range strings.SplitSeq(os.Getenv(RequireEnv), ",") {
		if strings.TrimSpace(name) == what {
			t.Fatalf("%s is required by %s but missing: %s", what, RequireEnv, why)
		}
	}
	t.Skipf("%s is missing: %s", what, why)
}

// peer skips the test unless foreign programs may run. what names the program.
func peer(t testing.TB, what string) {
	t.Helper()
	if os.Getenv(PeersEnv) == "" {
		t.Skipf("make test-peers runs this test, which needs %s", what)
	}
}

// Root returns the absolute path of the module's root. It fails the test if there
// is none above the working directory.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("find module root: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("find module root: %v", err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("find module root: no go.mod in the working directory or above it")
		}
		dir = parent
	}
}

// Data returns the absolute path of the directory of real manifests, which has one
// subdirectory per vendor. It is next to the checkout, at ../shared/data, because
// the manifests belong to the vendors and must not be published. Tests must only
// read it. Without it the test ends as Missing "data".
func Data(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(filepath.Dir(Root(t)), "shared", "data")
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		Missing(t, "data", "no directory "+dir+", where the tests look for the real manifests")
	case err != nil:
		t.Fatalf("find real manifests: %v", err)
	case !info.IsDir():
		t.Fatalf("find real manifests: %s is not a directory", dir)
	}
	return dir
}
