package imports_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

func TestNoticeIsTheSignedSummary(t *testing.T) {
	t.Parallel()
	env, dir, manifest := clitest.Environment(t), t.TempDir(), clitest.Generate(t, "espressif", 3)
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	type request struct {
		header http.Header
		body   []byte
	}
	received := make(chan request, 9)
	var attempts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- request{r.Header, body}
		if attempts.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway) // is tried again
		}
	}))
	defer server.Close()
	s, code := clitest.Import(t, env, "--sandbox", "--policy", "p", "--notify", server.URL+"/hook/token",
		"--notify-secret-file", secret, manifest)
	if code != 0 || len(received) != 2 {
		t.Fatalf("exit code %d, %d notices", code, len(received))
	}
	<-received
	got := <-received
	var summary clitest.Summary
	if err := json.Unmarshal(got.body,
		&summary); err != nil || summary.Import != s.Import || summary.Imported != 3 || summary.State != "finished" {
		t.Errorf("%v: %s", err, got.body)
	}
	mac := hmac.New(sha256.New, []byte("correct horse"))
	mac.Write(append([]byte(got.header.Get("Thingpress-Timestamp")+"."), got.body...))
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); got.header.Get("Thingpress-Signature") != want {
		t.Errorf("signature %q, want %q", got.header.Get("Thingpress-Signature"), want)
	}
	// The ledger and what is printed have no token.
	wants(t, env, 0, []string{"--notify", server.URL + "/…"}, "show", s.Import)
}

func TestNoticeThatFailsIsSaidAndDoesNotFailTheImport(t *testing.T) {
	t.Parallel()
	env, manifest := clitest.Environment(t), clitest.Generate(t, "espressif", 1)
	var followed atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		followed.Add(int32(strings.Count(r.URL.Path, "elsewhere")))
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	code, _, problems := thingpress(t, env, "import", "--sandbox", "--policy", "p", "--notify", server.URL+"/token", manifest)
	if code != 0 || !strings.Contains(problems, "was not delivered: the answer is 307") || strings.Contains(problems,
		"token") || followed.Load() > 0 {
		t.Errorf("exit code %d, %d followed: %s", code, followed.Load(), problems)
	}
	wants(t, env, 2, []string{"use an https URL"}, "import", "--sandbox", "--notify", "http://192.0.2.1/", manifest)
	wants(t, env, 2, []string{"sends, which is missing"}, "import", "--sandbox", "--notify-secret-file", manifest, manifest)
}

func TestMetricsAreThoseOfTheEndedImport(t *testing.T) {
	t.Parallel()
	env, manifest, path := clitest.Environment(t), clitest.Generate(t, "espressif", 3), filepath.Join(t.TempDir(), "thingpress.prom")
	if err := os.WriteFile(path, []byte("# HELP thingpress_import_entries Entries of the import.\n# of another import"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := clitest.Import(t, env, "--sandbox", "--policy", "p", "--metrics", path, manifest)
	text := string(readFile(t, path))
	for _, want := range []string{
		"# TYPE thingpress_import_outcomes gauge\n",
		`thingpress_import_outcomes{import="` + s.Import + `",outcome="imported"} 3` + "\n",
		`thingpress_import_outcomes{import="` + s.Import + `",outcome="pending"} 0` + "\n",
		`thingpress_import_state{import="` + s.Import + `",state="finished"} 1` + "\n",
		`thingpress_import_state{import="` + s.Import + `",state="running"} 0` + "\n",
		`thingpress_import_entries{import="` + s.Import + `"} 3` + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	wants(t, env, 2, []string{"--metrics"}, "import", "--sandbox", "--metrics", filepath.Join(path, "none"), manifest)
	wants(t, env, 2, []string{"something else than metrics"}, "import", "--sandbox", "--metrics", manifest, manifest)
	if text := string(readFile(t, manifest)); !strings.Contains(text, "BEGIN CERTIFICATE") {
		t.Errorf("the manifest was replaced by %s", text)
	}
}
