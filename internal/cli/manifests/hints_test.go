package manifests_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// A template in single quotes, as it is pasted into a shell.
var pasted = regexp.MustCompile(`--thing-name ('(?:[^']|'\\'')*')`)

// A hint that does not work sends people round in a circle. The first template that the
// command offers is run as a shell would run it, and every entry must have a name then.
func TestEveryTemplateThatIsOfferedIsAccepted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		entries []string // common names
		names   []string
	}{
		"at":           {[]string{"dev@example.com"}, []string{"dev_example_com"}},
		"quotes":       {[]string{`it's "7"`}, []string{"it_s__7_"}},
		"braces":       {[]string{"{6d1d54ba-ed81}"}, []string{"6d1d54ba-ed81"}},
		"bars":         {[]string{`a|b\c`}, []string{"a_b_c"}},
		"shell":        {[]string{"$(id) `id` !x"}, []string{"__id___id___x"}},
		"percent":      {[]string{"dev%s%d"}, []string{"dev_s_d"}},
		"star":         {[]string{"*"}, []string{"_"}},
		"new line":     {[]string{"dev\n1"}, []string{"1"}},
		"zero byte":    {[]string{"dev\x001"}, []string{"1"}},
		"kanji":        {[]string{"装置1"}, []string{"1"}},
		"too long":     {[]string{strings.Repeat("x", 600)}, []string{"1"}},
		"AWS's own":    {[]string{"AWS IoT Certificate"}, []string{"1"}},
		"same twice":   {[]string{"Device A", "Device A"}, []string{"1", "2"}},
		"one kind":     {[]string{"Device 1", "Device 2"}, []string{"Device_1", "Device_2"}},
		"two kinds":    {[]string{"Device 1", "Device/2"}, []string{"Device_1", "Device_2"}},
		"clash":        {[]string{"Device 1", "Device/1"}, []string{"1", "2"}},
		"none":         {[]string{""}, []string{"1"}},
		"one for all":  {[]string{"device", "device", "device"}, []string{"1", "2", "3"}},
		"among others": {[]string{"device", "other", "a b"}, []string{"device", "other", "a_b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "list.pem")
			if err := os.WriteFile(file, listOf(test.entries, nil), 0o600); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := inspected(t, file)
			if strings.ContainsFunc(stdout+stderr, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' }) {
				t.Errorf("a control character is printed: %q", stdout+stderr)
			}
			offered := pasted.FindStringSubmatch(stderr)
			if code != 3 || offered == nil {
				t.Fatalf("exit code %d, offered %q:\n%s", code, offered, stderr)
			}
			template, err := exec.Command("sh", "-c", "printf %s "+offered[1]).Output()
			if err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr = inspected(t, "--thing-name", string(template), file)
			var names []string
			for line := range strings.Lines(stdout) {
				names = append(names, strings.Split(line, "\t")[4])
			}
			names = names[min(1, len(names)):] // without the heading
			if code != 0 || strings.Join(names, " ") != strings.Join(test.names, " ") {
				t.Errorf("%s: exit code %d, names %q, want %q\n%s", template, code, names, test.names, stderr)
			}
		})
	}
}

// With the serial number in its name, a renewed certificate makes a second thing.
func TestARenewalOffersTheFingerprint(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "list.pem")
	if err := os.WriteFile(file, listOf([]string{"dev-9", "dev-9"}, []int{2024, 2026}), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := inspected(t, file)
	fingerprint := regexp.MustCompile(`--only .*\b([0-9a-f]{64})\n`).FindStringSubmatch(stderr)
	if code != 3 || fingerprint == nil || strings.Contains(stdout+stderr, "{serial}") ||
		!strings.Contains(stdout, "its certificate is valid from 2024-01-01 to 2044-01-01, this one from 2026-01-01 to 2046-01-01") {
		t.Fatalf("exit code %d:\n%s%s", code, stdout, stderr)
	}
	_, lines, _ := inspected(t, "--thing-name", "{fingerprint}", file)
	if rows := strings.Split(lines, "\n"); !strings.Contains(rows[2], fingerprint[1]) {
		t.Errorf("%s is not the second certificate:\n%s", fingerprint[1], lines)
	}
}

// listOf returns certificates with these common names, and serial numbers from 1.
func listOf(names []string, years []int) []byte {
	key := materialtest.Key("hint tests")
	issuer := materialtest.Authority("Hint Test CA", nil, key, key, 1)
	var list bytes.Buffer
	for i, name := range names {
		year := 2024
		if years != nil {
			year = years[i]
		}
		template := &x509.Certificate{
			Subject: pkix.Name{Organization: []string{"Test"}, CommonName: name}, SerialNumber: big.NewInt(int64(i + 1)),
			NotBefore: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(year+20, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		list.Write(materialtest.PEM(materialtest.Certificate(template, issuer, &key.PublicKey, key)))
	}
	return list.Bytes()
}

// inspected runs inspect.
func inspected(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c := exec.Command(clitest.Program(t), append([]string{"inspect", "--quiet", "--all"}, args...)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run() // the exit code says it
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}
