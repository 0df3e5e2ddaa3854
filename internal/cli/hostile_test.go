package cli_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// nasty is text as somebody would choose it who wants to control the terminal, hide something, forge a
// line of the program, or run a formula. It can be the name of a file.
const nasty = "=x\x1b[31m\x1b]0;t\x07\u009b31m\x7f\u202e\u2066\u200b\u200f\ufeff\u2028\u2029\u00ad\u3164\U000e0041\r" +
	"\nFORGED: all is well\t;=cmd|'calc'!A0;@y|-z,%w"

// visible is what must be left of it, so that the test fails if a command does not show it at all.
const visible = "FORGED"

// badNews is an endpoint whose answers are errors with nasty text.
func badNews(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "" || strings.HasPrefix(r.URL.Path, "/things") {
		w.Header().Set("X-Amzn-Errortype", "InvalidRequestException")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": nasty})
		return
	}
	w.WriteHeader(http.StatusForbidden)
	var text bytes.Buffer
	for _, r := range nasty { // XML knows no control characters
		if r != 0x7f && (r == '\n' || r == '\t' || r >= ' ') {
			fmt.Fprintf(&text, "&#x%x;", r)
		}
	}
	fmt.Fprintf(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>%s</Message></Error></ErrorResponse>", text.String())
}

// nastyFiles writes manifests in which every field is nasty, and returns their paths.
func nastyFiles(t *testing.T, dir string) (table, broken, archive, signed, list string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: nasty, Organization: []string{nasty}},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"a"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	cell := `"` + nasty + `"`
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	entry := map[string]any{"payload": nasty, "protected": nasty, "signature": nasty, "header": map[string]string{"uniqueId": nasty}, nasty: 1}
	array, err := json.Marshal([]any{entry})
	if err != nil {
		t.Fatal(err)
	}
	return write(nasty+".csv", []byte("MAC,cn,cert,"+cell+"\n"+cell+","+cell+",\""+cert+"\",x\n4BA2BB8764BD,a,"+cell+",x\n")),
		write(nasty+"2.csv", []byte(cell+",b\n"+nasty)),
		write(nasty+".7z", materialtest.SevenZ{Files: []materialtest.SevenZFile{{Name: nasty + "_E0E0_Certs.7z", Content: []byte("x")}}}.Bytes()),
		write(nasty+".json", array),
		write("only"+nasty, []byte(nasty))
}

// Whatever somebody else chose must not control the operator's terminal, wherever it is printed.
func TestNothingNastyIsPrinted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	table, broken, archive, signed, list := nastyFiles(t, dir)
	server := httptest.NewServer(http.HandlerFunc(badNews))
	t.Cleanup(server.Close)
	reports := filepath.Join(dir, "report"+nasty)
	sandbox := []string{"import", "--sandbox", "--vendor", "espressif", "--ledger", filepath.Join(dir, "ledger.db")}
	aws := []string{"--endpoint-url", server.URL}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(examples, "espressif.csv")
	for _, test := range []struct {
		name string
		args []string
		env  string
	}{
		{"no such command", []string{nasty}, ""},
		{"no such flag", []string{"inspect", "--" + nasty}, ""},
		{"no such file", []string{"inspect", filepath.Join(dir, "none", nasty)}, ""},
		{"inspect fields", []string{"inspect", "--vendor", "espressif", table}, ""},
		{"inspect broken", []string{"inspect", broken}, ""},
		{"inspect archive", []string{"inspect", archive}, ""},
		{"inspect signed", []string{"inspect", "--signer", filepath.Join(examples, "microchip-signer.pem"), signed}, ""},
		{"inspect directory", []string{"inspect", dir}, ""},
		{"vendor", []string{"inspect", "--vendor", nasty, good}, ""},
		{"thing name", []string{"inspect", "--thing-name", nasty, good}, ""},
		{"field of the thing name", []string{"inspect", "--thing-name", "{" + nasty + "}", good}, ""},
		{"signer", []string{"inspect", "--signer", nasty, good}, ""},
		{"import fields", append(sandbox, "--report", reports+".csv", table), ""},
		{"import again", append(sandbox, "--new", "--report", reports+".jsonl", table), ""},
		{"import attributes", append(sandbox, "--attribute", nasty+"="+nasty, good), ""},
		{"import policy", append(sandbox, "--policy", nasty, good), ""},
		{"import type", append(sandbox, good), "THINGPRESS_THING_TYPE=" + nasty},
		{"import group", append(sandbox, "--thing-group", nasty, good), ""},
		{"import only", append(sandbox, "--only", list, good), ""},
		{"import quota", append(sandbox, "--quota", nasty, good), ""},
		{"import ledger", []string{"import", "--sandbox", "--ledger", filepath.Join(dir, "none", nasty), good}, ""},
		{"import report", append(sandbox, "--report", filepath.Join(dir, "none", nasty+".csv"), good), ""},
		{"import resume", append(sandbox, "--resume", nasty), ""},
		{"plan fields", []string{"plan", "--sandbox", "--vendor", "espressif", "--policy", nasty, table}, ""},
		{"imports", []string{"imports", "--ledger", filepath.Join(dir, nasty+".db")}, ""},
		{"answers of IoT", append([]string{"import", "--yes"}, append(aws, good)...), ""},
		{"answers to quotas", append([]string{"quotas"}, aws...), ""},
		{"answers to the stack", append([]string{"stack", "status", "--stack", nasty}, aws...), ""},
		{"stack upload", append([]string{"stack", "upload", "--no-follow", table}, aws...), ""},
		{"profile", []string{"import", "--yes", "--profile", nasty, good}, ""},
		{"seed", []string{"generate", "--vendor", "espressif", "-n", "1", "--seed", nasty, "--out", filepath.Join(dir, "generated")}, ""},
		{"environment", []string{"inspect", good}, "THINGPRESS_MAX_ENTRIES=" + nasty},
	} {
		for _, output := range []string{"text", "json"} {
			if test.name == "seed" && output == "json" {
				continue // generate has no JSON
			}
			t.Run(test.name+" "+output, func(t *testing.T) {
				args := test.args
				if output == "json" {
					args = append(args[:len(args):len(args)], "--output", "json")
				}
				c := exec.CommandContext(t.Context(), clitest.Program(t), args...)
				c.Env = append(clitest.Environment(t), "THINGPRESS_NOTHING=", test.env)
				var out, says bytes.Buffer
				c.Stdout, c.Stderr = &out, &says
				_ = c.Run() // most of these fail
				if strings.Contains(says.String(), "panic:") || out.Len()+says.Len() == 0 {
					t.Errorf("printed %q", says.String())
				}
				isTame(t, "standard output", out.String())
				isTame(t, "standard error", says.String())
			})
		}
	}
	areTame(t, dir)
}

// areTame checks the reports in dir.
func areTame(t *testing.T, dir string) {
	t.Helper()
	for _, ending := range []string{".csv", ".jsonl"} {
		content, err := fs.ReadFile(os.DirFS(dir), "report"+nasty+ending)
		if err != nil || !strings.Contains(string(content), visible) {
			t.Fatalf("the report lacks the text: %v\n%s", err, content)
		}
		isTame(t, ending, string(content))
		if at := formula.FindIndex(content); at != nil && ending == ".csv" {
			t.Errorf("a spreadsheet would run %q", content[at[0]:min(len(content), at[1]+40)])
		}
	}
}

// formula matches the beginning of a cell that a spreadsheet runs, if it splits lines at anything.
var formula = regexp.MustCompile(`(?m)(^|[;,\t|])[" ]*[=+\-@|%]`)

// isTame reports an error if text has anything that is not meant to be seen, or a forged line.
func isTame(t *testing.T, where, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s is not UTF-8", where)
	}
	for i, r := range text {
		if r != '\n' && r != '\t' && (unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) || r == 0x3164) {
			t.Errorf("%s has %U: %q", where, r, text[max(0, i-60):min(len(text), i+60)])
			break
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, visible) {
			t.Errorf("%s has a forged line: %q", where, line)
		}
	}
}
