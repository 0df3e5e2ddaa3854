package imports_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// idsIn returns the certificate IDs in a manifest, by thing name.
func idsIn(t *testing.T, env []string, args ...string) map[string]string {
	t.Helper()
	_, out, problems := thingpress(t, env, append([]string{"inspect", "-q", "-o", "json"}, args...)...)
	found := map[string]string{}
	for line := range strings.Lines(out) {
		var l struct {
			Type          string
			ThingName     string `json:"thing_name"`
			CertificateID string `json:"certificate_id"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Type == "device" {
			found[l.ThingName] = l.CertificateID
		}
	}
	if len(found) == 0 {
		t.Fatalf("no devices: %s%s", out, problems)
	}
	return found
}

func TestConvertedDevicesAreReadBack(t *testing.T) {
	t.Parallel()
	env, dir, manifest := clitest.Environment(t), t.TempDir(), clitest.Generate(t, "infineon", 7)
	want := idsIn(t, env, manifest)
	for _, form := range []string{"pem", "csv", "generated"} {
		out := filepath.Join(dir, form)
		wants(t, env, 0, []string{"7 devices, 0 rejected"}, "convert", "--to", form, "--out", out, manifest)
		if diff := cmp.Diff(want, idsIn(t, env, out)); diff != "" {
			t.Errorf("%s (-manifest +converted):\n%s", form, diff)
		}
		wants(t, env, 2, []string{"--overwrite"}, "convert", "--to", form, "--out", out, manifest)
	}
	wants(t, env, 0, nil, "convert", "--to", "der-dir", "--out", filepath.Join(dir, "der"), manifest)
	for name, id := range want {
		if got := idsIn(t, env, filepath.Join(dir, "der", name+".der")); got[name] != id {
			t.Errorf("%s.der has %v", name, got)
		}
	}
	wants(t, env, 2, []string{"--overwrite"}, "convert", "--to", "der-dir", "--out", filepath.Join(dir, "der"), manifest)
	replaced := slices.Sorted(maps.Keys(want))[0]
	link, elsewhere := filepath.Join(dir, "der", replaced+".der"), filepath.Join(dir, "elsewhere")
	if err := errors.Join(os.WriteFile(elsewhere, []byte("precious"), 0o600), os.Remove(link), os.Symlink(elsewhere, link)); err != nil {
		t.Fatal(err)
	}
	wants(t, env, 0, nil, "convert", "--to", "der-dir", "--overwrite", "--out", filepath.Join(dir, "der"), manifest)
	if got := idsIn(t, env, link)[replaced]; got != want[replaced] || string(readFile(t, elsewhere)) != "precious" {
		t.Errorf("the link has %q, and what it led to %q", got, readFile(t, elsewhere))
	}
	_, lines, _ := thingpress(t, env, "convert", "--to", "jsonl", manifest)
	got := map[string]string{}
	for line := range strings.Lines(lines) {
		var l struct {
			ThingName     string `json:"thing_name"`
			CertificateID string `json:"certificate_id"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		got[l.ThingName] = l.CertificateID
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jsonl (-manifest +converted):\n%s", diff)
	}
}

func TestRejectedEntriesAreNotConvertedAndAPrivateKeyConvertsNothing(t *testing.T) {
	t.Parallel()
	env, dir := clitest.Environment(t), t.TempDir()
	bad, key := filepath.Join(dir, "bad.csv"), filepath.Join(dir, "key.pem")
	good := readFile(t, clitest.Generate(t, "espressif", 2))
	if err := os.WriteFile(bad, append(good, "\n4BA2BB8764BD,x,rubbish\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, env, 3, []string{"2 devices, 1 rejected", "inspect --rejected"}, "convert", "--to", "pem", "--out",
		filepath.Join(dir, "out"), bad)
	secret := "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n"
	pem, _, _ := strings.Cut(string(readFile(t, filepath.Join(dir, "out"))), "-----END")
	if err := os.WriteFile(key, []byte(pem+"-----END CERTIFICATE-----\n"+secret), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, problems := thingpress(t, env, "convert", "--to", "pem", key)
	if code != 1 || out != "" || !strings.Contains(problems, "private key") {
		t.Errorf("exit code %d, %q, %q", code, out, problems)
	}
}

// bulk converts a manifest for bulk registration and returns the parameters of each device and the template.
func bulk(t *testing.T, env []string, args ...string) (parameters []map[string]string, template string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bulk.jsonl")
	wants(t, env, 0, nil, append([]string{"convert", "--to", "aws-bulk", "--out", out}, args...)...)
	for line := range strings.Lines(string(readFile(t, out))) {
		var one map[string]string
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		parameters = append(parameters, one)
	}
	return parameters, string(readFile(t, out+".template.json"))
}

// Two attributes with one parameter would be one value for both.
func TestAttributesHaveParametersOfTheirOwn(t *testing.T) {
	t.Parallel()
	all, _ := bulk(t, clitest.Environment(t), "--attribute", "a-b=x", "--attribute", "1=y", clitest.Generate(t, "espressif", 1))
	if len(all[0]) != 4 || all[0]["Attribute1"] != "y" {
		t.Errorf("parameters %v", all[0])
	}
}

// The sandbox checks requests against AWS's service model, and provisions by the documented rules.
func TestBulkRegistrationTakesTemplateAndParameters(t *testing.T) {
	t.Parallel()
	url, env, manifest := clitest.StartSandbox(t), clitest.Environment(t), clitest.Generate(t, "espressif", 2)
	c := clitest.Client(url)
	clitest.CreateAttachments(t, c, []string{"p", "q"}, []string{"g"}, "sensor")
	all, template := bulk(t, env, "--policy", "p", "--policy", "q", "--thing-group", "g", "--thing-type", "sensor",
		"--attribute", "mac={mac}", "--attribute", "line-no=7", manifest)
	_, lines, _ := thingpress(t, env, "convert", "--to", "jsonl", manifest)
	for i, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		var l struct {
			ThingName string `json:"thing_name"`
			PEM       string `json:"certificate_pem"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		registered, err := c.RegisterCertificateWithoutCA(t.Context(),
			&iot.RegisterCertificateWithoutCAInput{CertificatePem: &l.PEM, Status: "ACTIVE"})
		if err != nil || *registered.CertificateId != all[i]["CertificateId"] {
			t.Fatalf("%v; %v", err, all[i])
		}
		if _, err := c.RegisterThing(t.Context(), &iot.RegisterThingInput{TemplateBody: &template, Parameters: all[i]}); err != nil {
			t.Fatalf("%v\n%s\n%v", err, template, all[i])
		}
		thing, err := c.DescribeThing(t.Context(), &iot.DescribeThingInput{ThingName: &l.ThingName})
		if err != nil || aws.ToString(thing.ThingTypeName) != "sensor" ||
			thing.Attributes["line-no"] != "7" || len(thing.Attributes["mac"]) != 12 {
			t.Errorf("%v, %+v", err, thing)
		}
		attached, err := c.ListAttachedPolicies(t.Context(), &iot.ListAttachedPoliciesInput{Target: registered.CertificateArn})
		if err != nil || len(attached.Policies) != 2 {
			t.Errorf("%v, %+v", err, attached)
		}
	}
	// An import finds nothing left to do.
	s, code := clitest.Import(t, env, "--endpoint-url", url, "--policy", "p", "--policy", "q", "--thing-group", "g",
		"--thing-type", "sensor",
		"--attribute", "mac={mac}", "--attribute", "line-no=7", manifest)
	if code != 0 || s.Unchanged != 2 {
		t.Errorf("exit code %d, %+v", code, s)
	}
}

func TestAWSCLITakesTheParametersOfBulkRegistration(t *testing.T) {
	url := clitest.StartSandbox(t)
	session := require.StartAWS(t, url, "us-east-1")
	env, manifest := clitest.Environment(t), clitest.Generate(t, "espressif", 1)
	clitest.CreateAttachments(t, clitest.Client(url), []string{"p"}, nil, "sensor")
	wants(t, env, 0, nil, "import", "--endpoint-url", url, "--yes", manifest)
	all, template := bulk(t, env, "--policy", "p", manifest)
	parameters, err := json.Marshal(all[0])
	if err != nil {
		t.Fatal(err)
	}
	status, out, problems := session.Run("iot", "register-thing", "--template-body", template, "--parameters", string(parameters))
	if status != 0 || !strings.Contains(out, "resourceArns") {
		t.Errorf("status %d: %s%s", status, out, problems)
	}
}
