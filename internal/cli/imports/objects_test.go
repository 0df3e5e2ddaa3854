package imports_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/objecttest"
)

// An upload under the same key must not get into an import that is read again, and the import of a copy of the object
// is the same one.
func TestManifestInS3IsReadAgainAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	local, cut, again := filepath.Join(dir, "reel.csv"), filepath.Join(dir, "cut.csv"), filepath.Join(dir, "again.csv")
	s := objecttest.New(t, func(s *objecttest.Server) { s.RequesterPays = true })
	env := append(clitest.Environment(t), "AWS_ENDPOINT_URL_S3="+s.URL())
	wants(t, env, 0, nil, "generate", "--vendor", "espressif", "-n", "20", "--seed", "s3", "--defects", "0.3", "--out", local)
	text, err := os.ReadFile(local)
	if err != nil {
		t.Fatal(err)
	}
	o := s.Put("factory", "reel.csv", text)
	pinned := "s3://factory/reel.csv?versionId=" + o.Version
	imported, code := clitest.Import(t, env, "--sandbox", "--policy", "p", "--request-payer", "requester", "s3://factory/reel.csv")
	if code != 3 || imported.Rejected == 0 || imported.Entries != 20 {
		t.Fatalf("exit code %d: %+v", code, imported)
	}
	gets := s.Gets()
	if gets != 1 {
		t.Errorf("%d requests for an object that fits into one", gets)
	}
	s.Put("factory", "reel.csv", []byte("MAC,cn,cert\n"))

	wants(t, env, 0, []string{"'" + pinned + "'", "manifest    s3://factory/reel.csv: espressif, 20 entries"}, "show", imported.Import)
	wants(t, env, 0, []string{"of s3://factory/reel.csv"}, "report", "--rejected", "--as-manifest", cut, imported.Import)
	wants(t, env, 0, nil, "report", "--rejected", "--as-manifest", again, "--manifest", local, imported.Import)
	one, _ := os.ReadFile(cut)
	other, _ := os.ReadFile(again)
	if len(one) == 0 || !bytes.Equal(one, other) {
		t.Errorf("the entries of the version are %d bytes, those of the copy %d", len(one), len(other))
	}
	resuming := "resuming import " + imported.Import
	wants(t, env, 3, []string{resuming}, "import", "--sandbox", "--resume", imported.Import)
	wants(t, env, 3, []string{resuming}, "import", "--sandbox", "--policy", "p", local)

	s.Delete("factory", "reel.csv")
	wants(t, env, 1, []string{pinned + ": there is no such object"}, "import", "--sandbox", "--resume", imported.Import)
}

// In a bucket without versions only the content tells whether an object is still the manifest.
func TestObjectWithoutVersionsIsRefusedOnceItIsAnotherOne(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t, func(s *objecttest.Server) { s.Unversioned = true })
	env := append(clitest.Environment(t), "AWS_ENDPOINT_URL_S3="+s.URL())
	path := filepath.Join(t.TempDir(), "reel.csv")
	wants(t, env, 0, nil, "generate", "--vendor", "espressif", "-n", "20", "--seed", "s3", "--defects", "0.3", "--out", path)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Put("factory", "reel.csv", text)
	plan := filepath.Join(t.TempDir(), "plan.json")
	wants(t, env, 3, nil, "plan", "--sandbox", "--policy", "p", "--out", plan, "s3://factory/reel.csv")
	imported, code := clitest.Import(t, env, "--plan", plan)
	if code != 3 || imported.Entries != 20 {
		t.Fatalf("exit code %d: %+v", code, imported)
	}
	s.Put("factory", "reel.csv", []byte(strings.ToLower(string(text))))
	wants(t, env, 1, []string{"s3://factory/reel.csv is not what was imported"},
		"report", "--rejected", "--as-manifest", path+".cut", imported.Import)
	wants(t, env, 2, []string{"had other manifests"}, "import", "--sandbox", "--resume", imported.Import)
}
