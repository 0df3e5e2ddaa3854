package newformat

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A new format needs only one package and one line. Each subtest has the name of a
// place where the format must appear.
func TestNewFormatIsOnePackageAndOneLine(t *testing.T) {
	t.Parallel()
	p := buildProgram(t)
	t.Run("help", p.testHelp)
	t.Run("completion", p.testCompletion)
	t.Run("stack settings", p.testStackSettings)
	t.Run("a manifest", p.testManifest)
}

// testHelp looks for the format in the help of everything that depends on formats.
func (p program) testHelp(t *testing.T) {
	for _, test := range []struct{ command, place, want string }{
		{"inspect", "--vendor", "acme"},
		{"plan", "--vendor", "acme"},
		{"import", "--vendor", "acme"},
		{"import", "--slot", "Acme"},
		{"import", "--signer", "Acme"},
		{"generate", "--vendor", "acme"},
		{"generate", "--signer-out", "acme"},
		{"stack signers", "Manage the signers", "Acme"},
		{"stack signers", "add", "Acme"},
	} {
		text, code := p.output(t, append(strings.Fields(test.command), "--help")...)
		found := false
		for line := range strings.Lines(text) {
			found = found || strings.Contains(line, test.place) && strings.Contains(line, test.want)
		}
		if code != 0 || !found {
			t.Errorf("thingpress %s --help does not name %s at %s:\n%s", test.command, test.want, test.place, text)
		}
	}
	if text, code := p.output(t, "inspect", "--vendor", "nobody", "x"); code != 2 || !strings.Contains(text, "acme") {
		t.Errorf("the error for an unknown vendor does not list acme: exit code %d, %s", code, text)
	}
}

func (p program) testCompletion(t *testing.T) {
	for _, command := range []string{"inspect", "plan", "import", "generate", "stack upload"} {
		text, _ := p.output(t, append(append([]string{"__complete"}, strings.Fields(command)...), "--vendor", "")...)
		for _, vendor := range append(vendors.Names(), "acme") {
			if !regexp.MustCompile(`(?m)^` + vendor + `$`).MatchString(text) {
				t.Errorf("completion of thingpress %s --vendor lacks %s:\n%s", command, vendor, text)
			}
		}
	}
}

// testStackSettings checks the settings of the stack's functions, without and with
// the bucket of the format.
func (p program) testStackSettings(t *testing.T) {
	for _, name := range []string{
		"STACK", "LEDGER_TABLE", "MANIFESTS_QUEUE_URL", "DEVICES_QUEUE_URL", "MANIFESTS_PARKED_QUEUE_URL", "DEVICES_PARKED_QUEUE_URL",
		"SIGNER_BUCKET", "REPORTS_BUCKET", "NOTICES_TOPIC_ARN",
	} {
		p.env = append(p.env, "THINGPRESS_"+name+"=x")
	}
	for _, vendor := range vendors.Names() {
		p.env = append(p.env, "THINGPRESS_"+stack.BucketVariable(vendor)+"="+vendor)
	}
	if text, code := p.output(t, "stack-settings"); code != 1 || strings.TrimSpace(text) != "THINGPRESS_ACME_BUCKET is not set" {
		t.Errorf("internal/stack/config.go does not ask for a bucket of acme: exit code %d, %s", code, text)
	}
	p.env = append(p.env, "THINGPRESS_ACME_BUCKET=acme-bucket")
	if text, code := p.output(t, "stack-settings"); code != 0 || !strings.Contains(text, `"acme":"acme-bucket"`) {
		t.Errorf("internal/stack/config.go has no bucket of acme: exit code %d, %s", code, text)
	}
}

// testManifest takes a manifest from generate to import.
func (p program) testManifest(t *testing.T) {
	dir := t.TempDir()
	manifest, signer := filepath.Join(dir, "reel"), filepath.Join(dir, "signer.pem")
	for _, test := range []struct {
		place string
		args  []string
		code  int
		want  string
	}{
		{
			"generate",
			[]string{"generate", "--vendor", "acme", "-n", "12", "--seed", "s", "--out", manifest, "--signer-out", signer},
			0,
			"12 entries",
		},
		{"inspect", []string{"inspect", "--output", "json", "--signer", signer, "--slot", "7", manifest}, 0, `"vendor":"acme"`},
		{"--slot", []string{"inspect", "--output", "json", "--signer", signer, "--slot", "7", manifest}, 0, `"attributes":{"slot":"7"}`},
		{"--signer", []string{"inspect", "--output", "json", manifest}, 3, `"reason":"unknown-signer"`},
		{"--vendor", []string{"inspect", "--vendor", "acme", "--output", "json", "--signer", signer, manifest}, 0, `"vendor":"acme"`},
		{"plan", []string{"plan", "--sandbox", "--signer", signer, manifest}, 0, "acme, 12 entries\n12 entries = 12 devices"},
		{"import", []string{"import", "--sandbox", "--yes", "--output", "json", "--signer", signer, manifest}, 0, `"imported":12,`},
		{"import again", []string{"import", "--sandbox", "--yes", "--output", "json", "--signer", signer, manifest}, 0, `"unchanged":12,`},
	} {
		if text, code := p.output(t, test.args...); code != test.code || !strings.Contains(text, test.want) {
			t.Errorf("%s does not know the new format: thingpress %s\nexit code %d, want %d with %s:\n%s",
				test.place, strings.Join(test.args, " "), code, test.code, test.want, text)
		}
	}
}
