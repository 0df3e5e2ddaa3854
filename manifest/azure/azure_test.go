package azure_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/azure"
)

// leaf is the DER of a certificate of our own.
func leaf(t testing.TB) []byte {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(leafBase64)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

const leafBase64 = "" +
	"MIICRjCCAeugAwIBAgIUSUc1qIp+nO/6gac/nZ8kFWGwvhEwCgYIKoZIzj0EAwIwajELMAkGA1UEBhMCSU4xCzAJBgNVBAgMAk1IMQ0wCwYDVQQHDARQdW5l" +
	"MRgwFgYDVQQKDA9UaGluZ3ByZXNzIFRlc3QxJTAjBgNVBAMMHFRoaW5ncHJlc3MgVGVzdCBFc3ByZXNzaWYgQ0EwIBcNMjUwMTAxMDAwMDAwWhgPMjA3NDEy" +
	"MzEyMzU5NTlaMHkxCzAJBgNVBAYTAklOMQswCQYDVQQIDAJNSDEYMBYGA1UECgwPVGhpbmdwcmVzcyBUZXN0MRQwEgYDVQQLDAtFeHByZXNzTGluazEtMCsG" +
	"A1UEAwwkNjZlNGMyYWQtMDUzOC00ODI4LWE5NmItMjkwZmFiYTkyNjAwMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENQJklsS+is++IlLheUOBDicQv9MM" +
	"iRouGLiC3GTdVdnxN+LcyXIcPpQ+fMp7LEoOtgmIHd7ps3flFuuZT+S9HKNeMFwwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwPAYJYIZIAYb4QgEN" +
	"BC8WLVRoaW5ncHJlc3MgVGVzdCwgbm90IGZvciBkZXZpY2VzIG9mIGEgcHJvZHVjdDAKBggqhkjOPQQDAgNJADBGAiEAmJLfjqh4JgH9KSvs4WANSugUWWyB" +
	"Av3OtQPVMRASsaECIQC/cry8PeRgmPI81OnuQcR6qipLLYERaiDgoTiUPR2vcg=="

// read returns the records of a list as text, or why they are rejected, and the error that ended it.
func read(t testing.TB, text string, limits manifest.Limits) (all []string, final error) {
	t.Helper()
	for r, err := range azure.Records(t.Context(), decodertest.Input([]byte(text)), limits) {
		var rejected *manifest.EntryError
		switch {
		case errors.As(err, &rejected):
			all = append(all, fmt.Sprintf("%d %s", rejected.Entry, rejected.Reason))
		case err != nil:
			return all, err
		default:
			line := fmt.Sprintf("%d %s %s %s", r.Entry, r.Service, r.Name(), r.Proof)
			for _, s := range []azure.Slot{r.Primary, r.Secondary} {
				if !s.Thumbprint.IsZero() {
					line += " " + s.Thumbprint.String()[:6]
				}
				if s.Certificate != nil {
					line += " certificate"
				}
			}
			if r.Disabled {
				line += " disabled"
			}
			if r.Module {
				line += " module"
			}
			all = append(all, line)
		}
	}
	return all, nil
}

// Azure's services, tools and ages of APIs write the same things differently.
func TestRecordsOfEveryShapeAreUnderstood(t *testing.T) {
	t.Parallel()
	long, short := azure.ThumbprintsOf(leaf(t))
	colons := ""
	for i, c := range strings.ToUpper(short.String()) {
		if i > 0 && i%2 == 0 {
			colons += ":"
		}
		colons += string(c)
	}
	other := strings.Repeat("ab", 32)
	attested := func(x509 string) string {
		return `{"registrationId":"r","attestation":{"type":"x509","symmetricKey":null,"tpm":null,"x509":` + x509 + `}}`
	}
	authenticated := func(members string) string { return `{"id":"d","authentication":{` + members + `}}` }
	for _, test := range []struct{ name, text, want string }{
		{
			"enrollment with both thumbprints", attested(`{"clientCertificates":{"primary":{"certificate":null,"info":{"sha1Thumbprint":"` +
				strings.ToUpper(short.String()) + `","sha256Thumbprint":"` + long.String() + `"}},"secondary":null},"caReferences":null}`),
			"0 azure-dps r thumbprint " + long.String()[:6],
		},
		{
			"enrollment with primary and secondary", attested(`{"clientCertificates":{"primary":{"info":{"sha256Thumbprint":"` + long.String() +
				`"}},"secondary":{"info":{"sha256Thumbprint":"` + other + `"}}}}`),
			"0 azure-dps r thumbprint " + long.String()[:6] + " ababab",
		},
		{
			"enrollment with the certificate", attested(`{"clientCertificates":{"primary":{"certificate":"` + leafBase64 + `"}}}`),
			"0 azure-dps r thumbprint " + long.String()[:6] + " certificate",
		},
		{
			"enrollment with the certificate and its thumbprint", attested(`{"clientCertificates":{"primary":{"certificate":"` + leafBase64 +
				`","info":{"sha1Thumbprint":"` + short.String() + `"}}}}`),
			"0 azure-dps r thumbprint " + long.String()[:6] + " certificate",
		},
		{
			"enrollment with a thumbprint of another certificate", attested(`{"clientCertificates":{"primary":{"certificate":"` + leafBase64 +
				`","info":{"sha256Thumbprint":"` + other + `"}}}}`),
			"0 identity-mismatch",
		},
		{"enrollment of an authority", attested(`{"caReferences":{"primary":"root","secondary":null}}`), "0 azure-dps r authority"},
		{"enrollment without anything", attested(`null`), "0 azure-dps r no-proof"},
		{
			"enrollment with a device ID", `{"registrationId":"r","deviceId":"d","attestation":{"type":"tpm","tpm":{"endorsementKey":"x"}}}`,
			"0 azure-dps d tpm",
		},
		{
			"enrollment group", `{"enrollmentGroupId":"g","attestation":{"type":"x509","x509":{"signingCertificates":{"primary":{"info":{}}}}}}`,
			"0 azure-dps g no-proof",
		},
		{
			"enrollment group with certificate",
			`{"enrollmentGroupId":"g","attestation":{"type":"x509","x509":{"signingCertificates":{"primary":{"info":{"sha1Thumbprint":"x"}}}}}}`,
			"0 azure-dps g authority",
		},
		{
			"symmetric enrollment", `{"registrationId":"r","provisioningStatus":"Disabled",` +
				`"attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":"x"}}}`,
			"0 azure-dps r symmetric-key disabled",
		},
		{
			"exported device", authenticated(`"symmetricKey":{"primaryKey":null},"x509Thumbprint":{"primaryThumbprint":"` + colons +
				`","secondaryThumbprint":null},"type":"selfSigned"`),
			"0 azure-iothub d thumbprint " + short.String()[:6],
		},
		{
			"the same certificate twice", authenticated(`"x509Thumbprint":{"primaryThumbprint":"` + long.String() + `","secondaryThumbprint":"` +
				strings.ToUpper(long.String()) + `"}`),
			"0 azure-iothub d thumbprint " + long.String()[:6],
		},
		{"secondary only", authenticated(`"x509Thumbprint":{"secondaryThumbprint":"` + other + `"}`), "0 azure-iothub d thumbprint ababab"},
		{
			"a type of its own counts", authenticated(`"type":"sas","x509Thumbprint":{"primaryThumbprint":"` + other + `"}`),
			"0 azure-iothub d symmetric-key ababab",
		},
		{"keys without a type", authenticated(`"symmetricKey":{"primaryKey":"x","secondaryKey":""}`), "0 azure-iothub d symmetric-key"},
		{"empty keys without a type", authenticated(`"symmetricKey":{"primaryKey":"","secondaryKey":null}`), "0 azure-iothub d no-proof"},
		{"issued by an authority", authenticated(`"type":"certificateAuthority"`), "0 azure-iothub d authority"},
		{"module", `{"id":"d","moduleId":"m","authentication":{"type":"none"}}`, "0 azure-iothub d no-proof module"},
		{
			"listed device", `{"deviceId":"d","authenticationType":"selfSigned","status":"disabled","x509Thumbprint":{"primaryThumbprint":"` +
				other + `"},"tags":{"d":"x","k":"y"}}`,
			"0 azure-iothub d thumbprint ababab disabled",
		},
		{
			"names in capitals", `{"DeviceId":"d","Status":"Enabled","X509Thumbprint":{"PrimaryThumbprint":"` + other + `"}}`,
			"0 azure-iothub d thumbprint ababab",
		},
		{
			"copied from a dialog of Windows", authenticated(`"x509Thumbprint":{"primaryThumbprint":"\u200e` + strings.Repeat("ab ", 20) + `"}`),
			"0 azure-iothub d thumbprint ababab",
		},
		{"no ID", `{"status":"enabled"}`, "0 bad-id"},
		{"an ID that is too long", `{"id":"` + strings.Repeat("x", 129) + `"}`, "0 bad-id"},
		{"an ID that is a number", `{"id":1}`, "0 malformed-entry"},
		{"a name twice", `{"id":"a","id":"b"}`, "0 duplicate-field"},
		{"a name twice in other case", `{"id":"a","ID":"b"}`, "0 duplicate-field"},
		{
			"a thumbprint twice in other case", authenticated(`"x509Thumbprint":{"primaryThumbprint":"","PrimaryThumbprint":""}`),
			"0 duplicate-field",
		},
		{"a short thumbprint", authenticated(`"x509Thumbprint":{"primaryThumbprint":"abcd"}`), "0 bad-encoding"},
		{"no hex", authenticated(`"x509Thumbprint":{"primaryThumbprint":"` + strings.Repeat("z", 40) + `"}`), "0 bad-encoding"},
		{"unknown type", authenticated(`"type":"magic"`), "0 malformed-entry"},
		{"unknown status", `{"id":"d","status":"tired"}`, "0 malformed-entry"},
		{"an array in the place of an object", `{"id":"d","authentication":[]}`, "0 malformed-entry"},
		{"text in the place of a record", `[1]`, "0 malformed-entry"},
	} {
		got, err := read(t, test.text, manifest.Limits{})
		if err != nil || len(got) != 1 || got[0] != test.want {
			t.Errorf("%s: %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}

func TestListsOfEveryFormAreRead(t *testing.T) {
	t.Parallel()
	const a, b = `{"id":"a","authentication":{"type":"sas"}}`, `{"id":"b","authentication":{"type":"sas"}}`
	want := []string{"0 azure-iothub a symmetric-key", "1 azure-iothub b symmetric-key"}
	array := "[" + a + ",\n" + b + "]"
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(array)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, text := range map[string]string{
		"array": array, "lines": a + "\r\n" + b + "\r\n", "joined": a + b, "byte order mark": "\xef\xbb\xbf" + array, "UTF-16": string(wide),
	} {
		got, err := read(t, text, manifest.Limits{})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// What is wrong with a list ends it with a reason. What is wrong with a record costs no other record.
func TestHostileListsEndWithAReason(t *testing.T) {
	t.Parallel()
	const good = `{"id":"a","authentication":{"type":"none"}}`
	for _, test := range []struct {
		name, text string
		records    int
		reason     manifest.Reason
	}{
		{"empty", "", 0, manifest.ReasonEmpty},
		{"no records", "[]", 0, manifest.ReasonEmpty},
		{"CSV", "id,thumbprint\n", 0, manifest.ReasonUnknownFormat},
		{"cut off", "[" + good + `,{"id":`, 1, manifest.ReasonTruncated},
		{"not JSON", "[" + good + " " + good + "]", 1, manifest.ReasonCorrupt},
		{"deep", "[" + good + `,{"id":"b","tags":` + strings.Repeat("[", 10_000), 1, manifest.ReasonLimitExceeded},
		{"a record without end", "[" + good + `,{"id":"` + strings.Repeat("x", 2<<20), 1, manifest.ReasonLimitExceeded},
		{"a private key", "[" + good + `,{"id":"b","tags":{"key":"-----BEGIN PRIVATE KEY-----"}}]`, 0, manifest.ReasonPrivateKey},
		{"many", strings.Repeat(good, 11), 10, manifest.ReasonLimitExceeded},
	} {
		got, err := read(t, test.text, manifest.Limits{Entries: 10})
		if manifest.ReasonOf(err) != test.reason || len(got) != test.records {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
	got, err := read(t, "["+good+`,{"id":"b","id":"c"},`+good+"]", manifest.Limits{})
	if err != nil || len(got) != 3 || got[1] != "1 duplicate-field" {
		t.Errorf("%q, %v", got, err)
	}
}

// endless is a list that is one line of some size, whose records are alike.
type endless struct {
	record string
	size   int64
}

func (e endless) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for ; n < len(p) && at+int64(n) < e.size; n++ {
		switch i := at + int64(n); i {
		case 0:
			p[n] = '['
		default:
			p[n] = e.record[(i-1)%int64(len(e.record))]
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// A line may be as long as it wants. Only a record is bounded. The test is not parallel because it measures what the
// whole process allocates.
func TestLongLineTakesTheMemoryOfARecord(t *testing.T) {
	const size, limit = 64 << 20, 16 << 20
	e := endless{record: `{"id":"a","tags":{"x":"` + strings.Repeat("y", 60_000) + `"}},`, size: size}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	for _, err := range azure.Records(t.Context(), manifest.Input{Name: "x", Reader: e, Size: e.size}, manifest.Limits{}) {
		if err != nil && manifest.ReasonOf(err) != manifest.ReasonTruncated {
			t.Error(err)
		}
		n++
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; n < 1000 || used > limit {
		t.Errorf("%d records of a line of %d bytes took %d bytes", n, size, used)
	}
}

// Symmetric keys are secrets of devices that still connect with them. No message may have one, also if it stands in
// the wrong place.
func TestErrorsDoNotRepeatKeys(t *testing.T) {
	t.Parallel()
	secret := base64.StdEncoding.EncodeToString([]byte("a key of thirty-two bytes, so 32"))
	for _, text := range []string{
		`{"id":"d","authentication":{"type":"sas","symmetricKey":{"primaryKey":"` + secret + `","primaryKey":"` + secret + `"}}}`,
		`{"id":"d","authentication":{"x509Thumbprint":{"primaryThumbprint":"` + secret + `"}}}`,
		`{"id":"d","authentication":{"symmetricKey":"` + secret + `","x509Thumbprint":"` + secret + `"}}`,
		`{"id":"d","authentication":"` + secret + `"}`,
		`{"id":"d","authentication":{"type":"sas","symmetricKey":{"primaryKey":"` + secret,
		`{"id":"d","authentication":{"type":"sas","symmetricKey":{"primaryKey":` + secret + `}}}`,
		`{"registrationId":"d","attestation":{"type":"x509","x509":{"clientCertificates":{"primary":{"certificate":"` + secret + `"}}}}}`,
		`{"registrationId":"d","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":"` + secret + `"},"type":1}}`,
	} {
		for r, err := range azure.Records(t.Context(), decodertest.Input([]byte(text)), manifest.Limits{}) {
			if said := fmt.Sprintf("%+v %v", r, err); strings.Contains(said, secret[:8]) {
				t.Errorf("%s: %s", text, said)
			}
		}
	}
}

func FuzzRecords(f *testing.F) {
	long, short := azure.ThumbprintsOf(leaf(f))
	f.Add([]byte(`[{"registrationId":"r","deviceId":null,"provisioningStatus":"enabled",` +
		`"attestation":{"type":"x509","x509":{"clientCertificates":` +
		`{"primary":{"certificate":"` + leafBase64 + `","info":{"sha1Thumbprint":"` + short.String() + `"}},"secondary":null}}}}]`))
	f.Add([]byte(`{"id":"d","status":"disabled","authentication":{"type":"selfSigned",` +
		`"x509Thumbprint":{"primaryThumbprint":"` + long.String() + `"}}}` + "\n"))
	f.Add([]byte(`{"DeviceId":"d","moduleId":"m","AuthenticationType":"sas"}{"id":"x","ID":"y"}`))
	f.Add([]byte("\xff\xfe[\x00{\x00}\x00]\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries := 0
		for r, err := range azure.Records(t.Context(), decodertest.Input(data), manifest.Limits{EntryBytes: 1 << 14, Entries: 100, Depth: 8}) {
			if err != nil && !errors.As(err, new(*manifest.EntryError)) {
				return
			}
			if r.Entry != entries {
				t.Fatalf("entry %d, want %d", r.Entry, entries)
			}
			entries++
			known := !r.Primary.Thumbprint.IsZero() || !r.Secondary.Thumbprint.IsZero()
			if err == nil && (r.Name() == "" || len(r.Name()) > 128 || r.Proof == "" || r.Proof == azure.ProofThumbprint && !known) {
				t.Fatalf("%+v", r)
			}
			for _, s := range []azure.Slot{r.Primary, r.Secondary} {
				if again, err := azure.ParseThumbprint(s.Thumbprint.String()); err != nil || again != s.Thumbprint {
					t.Fatalf("%v, %v, %v", s.Thumbprint, again, err)
				}
				if _, err := hex.DecodeString(s.Thumbprint.String()); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
