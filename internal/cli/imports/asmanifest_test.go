package imports_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// reasonsOf inspects a manifest and returns its rejected entries by vendor ID and reason, except
// those that are rejected only next to others.
func reasonsOf(t *testing.T, env []string, args ...string) map[string]int {
	t.Helper()
	_, out, _ := thingpress(t, env, append([]string{"inspect", "-q", "-o", "json"}, args...)...)
	found := map[string]int{}
	for line := range strings.Lines(out) {
		var l struct{ Type, ID, Reason string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Type == "rejected" && l.Reason != "contradiction" {
			found[l.ID+" "+l.Reason]++
		}
	}
	return found
}

// What is sent to the vendor, or imported again, must be what the vendor sent.
func TestRejectedEntriesComeBackAsTheVendorWroteThem(t *testing.T) {
	t.Parallel()
	for _, vendor := range []string{"espressif", "generated", "infineon", "microchip"} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			env, dir := clitest.Environment(t), t.TempDir()
			manifest, back, again := filepath.Join(dir, "manifest"), filepath.Join(dir, "back"), filepath.Join(dir, "again")
			signer := filepath.Join(dir, "signer.pem")
			generate := []string{"generate", "--vendor", vendor, "-n", "60", "--seed", "s", "--defects", "0.4", "--out", manifest}
			var more []string
			if vendor == "microchip" {
				generate, more = append(generate, "--signer-out", signer), []string{"--signer", signer}
			}
			wants(t, env, 0, nil, generate...)
			s, code := clitest.Import(t, env, append([]string{"--sandbox", manifest}, more...)...)
			if code != 3 || s.Rejected < 5 {
				t.Fatalf("exit code %d, %+v", code, s)
			}
			wants(t, env, 0, []string{" of " + manifest}, "report", "--failed", "--as-manifest", back, s.Import)
			want, got := reasonsOf(t, env, append(more, manifest)...), reasonsOf(t, env, append(more, back)...)
			for key := range got {
				if want[key] == 0 && strings.HasSuffix(key, " ca-certificate") {
					delete(got, key) // an issuer whose device was not rejected
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rejected entries (-manifest +written):\n%s", diff)
			}
			if vendor != "infineon" {
				onlyLinesOf(t, manifest, back)
			}
			wants(t, env, 2, []string{"exists"}, "report", "--as-manifest", back, s.Import)

			// A moved manifest is named, a changed one is refused.
			if err := os.Rename(manifest, again); err != nil {
				t.Fatal(err)
			}
			wants(t, env, 1, []string{"--manifest"}, "report", "--overwrite", "--as-manifest", back, s.Import)
			first := readFile(t, back)
			wants(t, env, 0, nil, "report", "--overwrite", "--as-manifest", back, "--manifest", again, s.Import)
			if vendor != "infineon" && !bytes.Equal(readFile(t, back), first) {
				t.Error("the second time another text was written")
			}
			if err := os.WriteFile(manifest, append(readFile(t, again), '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
			wants(t, env, 1, []string{"is not what was imported"}, "report", "--overwrite", "--as-manifest", back, s.Import)
		})
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// onlyLinesOf fails the test if a file has a line that the manifest does not have as often. The frame
// of an array is no such line.
func onlyLinesOf(t *testing.T, manifest, back string) {
	t.Helper()
	count := func(path string) map[string]int {
		lines := map[string]int{}
		for line := range strings.Lines(string(readFile(t, path))) {
			lines[strings.Trim(line, ",[] \t\r\n")]++
		}
		return lines
	}
	have := count(manifest)
	for line, n := range maps.All(count(back)) {
		if line != "" && n > have[line] {
			t.Errorf("%d times, and %d in the manifest: %.80q", n, have[line], line)
		}
	}
}

func TestEachManifestIsCutIntoItsOwnFile(t *testing.T) {
	t.Parallel()
	env, dir := clitest.Environment(t), t.TempDir()
	for _, name := range []string{"a.csv", "b.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("MAC,cn,cert\n4BA2BB8764BD,"+name+",rubbish\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, b, back := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv"), filepath.Join(dir, "back.csv")
	s, _ := clitest.Import(t, env, "--sandbox", a, b)
	wants(t, env, 2, []string{"entries of 2 manifests", a + ": 1 entry", b + ": 1 entry"}, "report", "--as-manifest", back, s.Import)
	wants(t, env, 0, nil, "report", "--as-manifest", back, "--manifest", b, s.Import)
	if got := string(readFile(t, back)); got != string(readFile(t, b)) {
		t.Errorf("%q", got)
	}
}
