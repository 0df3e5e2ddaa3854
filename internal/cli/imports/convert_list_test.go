package imports_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// derOf returns the certificates of a manifest in its order.
func derOf(t *testing.T, env []string, manifest string) (all [][]byte) {
	t.Helper()
	_, text, _ := thingpress(t, env, "convert", "--to", "pem", manifest)
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		all = append(all, block.Bytes)
	}
	return all
}

func long(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func short(der []byte) string {
	sum := sha1.Sum(der)
	return hex.EncodeToString(sum[:])
}

// writeFile returns the path of a file with a text.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hubDevice returns a line of the export of an IoT Hub.
func hubDevice(id, primary, secondary string) string {
	return fmt.Sprintf(`{"id":%q,"status":"enabled","authentication":{"type":"selfSigned","symmetricKey":{"primaryKey":null},`+
		`"x509Thumbprint":{"primaryThumbprint":%q,"secondaryThumbprint":%q}}}`+"\n", id, primary, secondary)
}

// leftOutOf returns the names that were left out, by kind, and the last line.
func leftOutOf(t *testing.T, stdout string) (left map[string][]string, devices int) {
	t.Helper()
	left = map[string][]string{}
	for line := range strings.Lines(stdout) {
		var l struct {
			Type, Kind, ID string
			Devices        int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if l.Type == "left-out" {
			left[l.Kind] = append(left[l.Kind], l.ID)
		}
		devices = l.Devices
	}
	return left, devices
}

// The manifests may be those of a whole PKI. A script must not take their other certificates for devices that are lost.
func TestCertificatesThatTheListDoesNotNameAreNoFailure(t *testing.T) {
	t.Parallel()
	env, reel := clitest.Environment(t), clitest.Generate(t, "espressif", 3)
	list, out := filepath.Join(t.TempDir(), "devices.txt"), filepath.Join(t.TempDir(), "out.csv")
	if err := os.WriteFile(list, []byte(hubDevice("known", long(derOf(t, env, reel)[1]), "")), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := thingpress(t, env, "convert", "--from", "azure-iothub", list, reel, "--to", "csv", "--out", out, "-o", "json")
	left, devices := leftOutOf(t, stdout)
	if code != 0 || devices != 1 || len(left) != 1 || len(left["device-missing"]) != 2 {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

// Each device must get its own certificate, whatever the order of the manifest, and what is left out must be named.
func TestListOfAzureIsJoinedWithCertificates(t *testing.T) {
	t.Parallel()
	env, dir, reel := clitest.Environment(t), t.TempDir(), clitest.Generate(t, "espressif", 9)
	der := derOf(t, env, reel)
	const secret = "c2VjcmV0IGtleSBvZiBhIGRldmljZSwgMzIgYnl0ZXM="
	list := filepath.Join(dir, "devices.txt")
	text := hubDevice("both", long(der[1]), long(der[0])) + // the secondary certificate comes first in the manifest
		hubDevice("second", strings.Repeat("0", 64), short(der[2])) +
		hubDevice("first", short(der[3]), "") +
		hubDevice("full.stop", long(der[4]), "") +
		hubDevice("again", long(der[5]), "") + hubDevice("again", long(der[5]), "") + // the same
		hubDevice("again", long(der[6]), "") + // another certificate
		hubDevice("thief", long(der[3]), strings.Repeat("1", 64)) + // known by its SHA-1 thumbprint before
		hubDevice("taken", "", long(der[5])) +
		hubDevice("lost", strings.Repeat("2", 64), "") +
		`{"id":"keys","authentication":{"type":"sas","symmetricKey":{"primaryKey":"` + secret + `"}}}` + "\n" +
		`{"id":"wrong","authentication":{"type":"sas","type":"` + secret + `"}}` + "\n" +
		strings.Replace(hubDevice("off", long(der[7]), ""), "enabled", "disabled", 1)
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, rows := filepath.Join(dir, "out.csv"), filepath.Join(dir, "rows.jsonl")
	args := []string{
		"convert", "--from", "azure-iothub", list, reel, "--to", "csv", "--out", out, "--overwrite", "--report", rows, "-o",
		"json",
	}
	code, stdout, stderr := thingpress(t, env, args...)
	left, devices := leftOutOf(t, stdout)
	want := map[string][]string{
		"repeated": {"again"}, "contradiction": {"again", "taken", "thief"}, "symmetric-key": {"keys"}, "rejected": {"wrong", "full.stop"},
		"certificate-missing": {"lost"}, "second-certificate": {"both"}, "device-missing": left["device-missing"],
	}
	if diff := cmp.Diff(want, left); diff != "" || code != 3 || devices != 5 || len(left["device-missing"]) != 2 {
		t.Errorf("exit code %d, %d devices: %s%s\n%s", code, devices, stdout, stderr, diff)
	}
	if !strings.Contains(stderr, `--thing-name '{id|replace:.:_}'`) {
		t.Errorf("no remedy for the name: %s", stderr)
	}
	got := idsIn(t, env, out)
	for name, at := range map[string]int{"both": 1, "second": 2, "first": 3, "again": 5, "off": 7} {
		if got[name] != strings.ToLower(long(der[at])) {
			t.Errorf("%s has %s", name, got[name])
		}
	}
	for _, said := range []string{stdout, stderr, string(readFile(t, out)), string(readFile(t, rows))} {
		if strings.Contains(said, secret[:12]) {
			t.Errorf("a key is passed on: %s", said)
		}
	}
	lines := slices.Collect(strings.Lines(string(readFile(t, rows))))
	if len(lines) != 11 {
		t.Errorf("the report has %d lines", len(lines))
	}

	// The order of the manifest does not matter for who gets what.
	s, code := clitest.Import(t, env, "--sandbox", "--policy", "p", out)
	if code != 0 || s.Imported != 5 {
		t.Errorf("exit code %d, %+v", code, s)
	}
	wants(t, env, 0, []string{"INACTIVE: 1"}, "plan", "--offline", out)
	wants(t, env, 3, []string{"1 device of 13 entries"}, "convert", "--from", "azure-iothub", list, reel, "--to", "pem", "--only",
		writeFile(t, "full.stop\n"), "--thing-name", "x{id|replace:.:_}", "--ignore-unmatched")
}

// A list can be all there is, if it has the certificates.
func TestEnrollmentsWithCertificatesNeedNoManifest(t *testing.T) {
	t.Parallel()
	env, reel := clitest.Environment(t), clitest.Generate(t, "espressif", 2)
	ids := slices.Sorted(maps.Values(idsIn(t, env, reel)))
	_, lines, _ := thingpress(t, env, "convert", "--to", "jsonl", reel)
	var enrollments []string
	for line := range strings.Lines(lines) {
		var l struct {
			PEM string `json:"certificate_pem"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		enrollments = append(enrollments, fmt.Sprintf(`{"registrationId":"r%d","deviceId":"d%d","attestation":{"type":"x509",`+
			`"x509":{"clientCertificates":{"primary":{"certificate":%q}}}}}`, len(enrollments), len(enrollments), l.PEM))
	}
	list, out := writeFile(t, "["+strings.Join(enrollments, ",")+"]"), filepath.Join(t.TempDir(), "out.csv")
	wants(t, env, 0, []string{"2 devices of 2 entries"}, "convert", "--from", "azure-dps", list, "--to", "csv", "--out", out)
	got := idsIn(t, env, out)
	if got["d0"] == "" || got["d1"] == "" || !slices.Equal(slices.Sorted(maps.Values(got)), ids) {
		t.Errorf("%v, want %v", got, ids)
	}
	wants(t, env, 1, []string{"--from azure-dps"}, "inspect", list)
	wants(t, env, 2, []string{"write --from azure-dps"}, "convert", "--from", "azure-iothub", list, reel, "--to", "csv")
	wants(t, env, 2, []string{"none of azure-dps, azure-iothub"}, "convert", "--from", "azure", list, reel, "--to", "csv")
	wants(t, env, 2, []string{"--out"}, "convert", "--from", "azure-dps", list, reel, "--to", "csv", "-o", "json")
	wants(t, env, 2, []string{"--from"}, "convert", reel, "--to", "csv", "--report", "x.csv")
	wants(t, env, 1, []string{"name the list first"}, "convert", "--from", "azure-dps", reel, list, "--to", "csv")
}

// Of a private key among the manifests nothing may be used, also not what came before.
func TestPrivateKeyAmongTheManifestsJoinsNothing(t *testing.T) {
	t.Parallel()
	env, dir, reel := clitest.Environment(t), t.TempDir(), clitest.Generate(t, "espressif", 1)
	list := writeFile(t, hubDevice("a", long(derOf(t, env, reel)[0]), ""))
	key := writeFile(t, "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"+
		"-----END PRIVATE KEY-----\n")
	out := filepath.Join(dir, "out.csv")
	code, stdout, stderr := thingpress(t, env, "convert", "--from", "azure-iothub", list, reel, key, "--to", "csv", "--out", out, "-o", "json")
	if _, err := os.Stat(out); code != 1 || !os.IsNotExist(err) || strings.Contains(stdout, "left-out") ||
		!strings.Contains(stdout+stderr, "private key") {
		t.Errorf("exit code %d, %v: %s%s", code, err, stdout, stderr)
	}
}
