package imports_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// The ledger records the flags of the import. Without them --resume would find another
// import.
func TestResumeByIDAloneRepeatsManifestsAndFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "bad.csv")
	if err := os.WriteFile(path, []byte("MAC,cn,cert\n4BA2BB8764BD,sensor-1,rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := clitest.Environment(t)
	first, code := clitest.Import(t, env, "--sandbox", "--policy", "p", "--thing-name", "x-{mac}", path)
	if code != 3 {
		t.Fatalf("exit code %d, %+v", code, first)
	}
	again, code := clitest.Import(t, env, "--sandbox", "--resume", first.Import)
	if code != 3 || again.Import != first.Import || again.Rejected != 1 {
		t.Errorf("exit code %d, %+v", code, again)
	}
}

// One endpoint under two spellings would have two ledgers, and the import would begin again.
func TestAnotherSpellingOfTheEndpointResumes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(path, []byte("MAC,cn,cert\n4BA2BB8764BD,sensor-1,rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env, url := clitest.Environment(t), clitest.StartSandbox(t)
	first, code := clitest.Import(t, env, "--endpoint-url", url, path)
	if code != 3 || first.Import == "" {
		t.Fatalf("exit code %d, %+v", code, first)
	}
	for _, spelled := range []string{url + "/", url + "//", strings.Replace(url, "http:", "HTTP:", 1)} {
		again, code := clitest.Import(t, env, "--endpoint-url", spelled, path)
		if code != 3 || again.Import != first.Import || again.Rejected != 1 {
			t.Errorf("%s: exit code %d, import %s instead of %s", spelled, code, again.Import, first.Import)
		}
	}
	other, code := clitest.Import(t, env, "--endpoint-url", url+"/other", path)
	if other.Import == first.Import {
		t.Errorf("another endpoint resumed the import, exit code %d", code)
	}
}

// The variables that set the flags of an import are still set when its resume line is pasted, or
// have changed since.
func TestResumeByIDIgnoresTheVariablesOfTheImport(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(path, []byte("MAC,cn,cert\n4BA2BB8764BD,sensor-1,rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(clitest.Environment(t),
		"THINGPRESS_SANDBOX=true", "THINGPRESS_POLICY=p,q", "THINGPRESS_THING_NAME=x-{mac}", "THINGPRESS_NEW=true")
	first, code := clitest.Import(t, env, path)
	if code != 3 {
		t.Fatalf("exit code %d, %+v", code, first)
	}
	changed := slices.Concat(env, []string{
		"THINGPRESS_POLICY=other", "THINGPRESS_THING_TYPE=sensor", "THINGPRESS_ADOPT=true", "THINGPRESS_STATUS=INACTIVE",
	})
	for _, env := range [][]string{env, changed} {
		again, code := clitest.Import(t, env, "--resume", first.Import)
		if code != 3 || again.Import != first.Import || again.Rejected != 1 {
			t.Errorf("exit code %d, %+v", code, again)
		}
	}
}
