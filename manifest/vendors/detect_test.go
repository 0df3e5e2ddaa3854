package vendors_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

func input(data string) manifest.Input {
	return manifest.Input{Name: "m", Reader: strings.NewReader(data), Size: int64(len(data))}
}

// A message must say what a file is that is not a manifest, so that the operator
// knows what to get instead.
func TestFilesThatAreNotManifestsAreNamed(t *testing.T) {
	t.Parallel()
	tar := strings.Repeat("\x00", 257) + "ustar\x0000" + strings.Repeat("\x00", 300)
	for _, test := range []struct {
		name, data string
		reason     manifest.Reason
		detail     string
	}{
		{"empty", "", manifest.ReasonEmpty, "nothing"},
		{"blanks", " \r\n\t\n", manifest.ReasonEmpty, "blanks"},
		{"html", "\n<html><head><title>Sign in</title>", manifest.ReasonUnsupportedFormat, "HTML"},
		{"object store", `<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, manifest.ReasonUnsupportedFormat, "object store"},
		{"zip", "PK\x03\x04\x14\x00", manifest.ReasonTruncated, "ZIP"},
		{
			"zip of a manifest that is not packed", "PK\x03\x04\x14\x00\x00\x00\x00\x00MAC,cn,cert\r\n1,2,3\r\n", manifest.ReasonTruncated,
			"ZIP",
		},
		{
			"spreadsheet", "PK\x03\x04" + strings.Repeat("\x00", 26) + "[Content_Types].xml", manifest.ReasonUnsupportedFormat,
			"save the sheet as CSV",
		},
		{"tar of a manifest", tar + "MAC,cn,cert\r\n1,2,3\r\n", manifest.ReasonUnsupportedFormat, "tar"},
		{"UTF-16 without a mark", "M\x00A\x00C\x00,\x00c\x00n\x00,\x00c\x00e\x00r\x00t\x00\n\x00", manifest.ReasonUnsupportedFormat, "UTF-16"},
		{
			"UTF-16 without a mark, the other way", "\x00M\x00A\x00C\x00,\x00c\x00n\x00,\x00c\x00e\x00r\x00t\x00\n",
			manifest.ReasonUnsupportedFormat, "UTF-16",
		},
		{"tar.gz", gzipped(tar), manifest.ReasonUnsupportedFormat, "tar"},
		{"gzip of prose", gzipped("Dear customer,\n"), manifest.ReasonUnknownFormat, "Dear customer"},
		{"gzip that is cut off", gzipped(tar)[:12], manifest.ReasonTruncated, "cut off"},
		{"bzip2", "BZh91AY&SY", manifest.ReasonUnsupportedFormat, "bunzip2"},
		{"xz", "\xfd7zXZ\x00", manifest.ReasonUnsupportedFormat, "tar -xJf"},
		{"table", "Serial,Certificate\n1,2\n", manifest.ReasonUnknownColumns, `"Serial", "Certificate"`},
		{"gzip", "\x1f\x8b\x08\x00", manifest.ReasonTruncated, "cut off"},
		{"tar", tar, manifest.ReasonUnsupportedFormat, "tar"},
		{"pkcs12", "\x30\x82\x01\x00\x02\x01\x03\x30\x82\x00\xf0", manifest.ReasonUnsupportedFormat, "PKCS #12"},
		{"office", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", manifest.ReasonUnsupportedFormat, "CSV"},
		{"private key", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", manifest.ReasonPrivateKey, "private key"},
		{
			"private key in base64", "MDECAQEEIBERERERERERERERERERERERERERERERERERERERERERoAoGCCqGSM49AwEH\n", manifest.ReasonPrivateKey,
			"private key",
		},
		{
			"private key in hex", "30310201010420" + strings.Repeat("11", 32) + "a00a06082a8648ce3d030107\n", manifest.ReasonPrivateKey,
			"private key",
		},
		{"public key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", manifest.ReasonUnsupportedFormat, "public key"},
		{"node ids", "node_id\n6d1d54ba\n", manifest.ReasonUnsupportedFormat, "node_certs.csv"},
		{
			"request", "-----BEGIN CERTIFICATE REQUEST-----\nMIHF\n-----END CERTIFICATE REQUEST-----\n", manifest.ReasonUnsupportedFormat,
			"signing request",
		},
		{"json lines", strings.Repeat(`{"certificate":"x"}`+"\n", 2), manifest.ReasonUnsupportedFormat, "JSON Lines"},
		{"json object", `{"certificate":"x"}` + "\n", manifest.ReasonUnsupportedFormat, "a JSON object"},
		{"json object, printed", "{\n \"certificate\": \"x\"\n}\n", manifest.ReasonUnsupportedFormat, "a JSON object"},
		{"json array", "[\n {\"certificatePem\": \"x\"}\n]\n", manifest.ReasonUnsupportedFormat, "a JSON array"},
		{"empty array", " [\n]\n", manifest.ReasonEmpty, "no entries"},
		{"prose", "Dear customer,\n", manifest.ReasonUnknownFormat, "Dear customer"},
		{"binary", "\x00\x01\x02\x1b[2J", manifest.ReasonUnknownFormat, `\x1b[2J`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []error
			for d, err := range vendors.Decode(t.Context(), input(test.data), manifest.Options{}) {
				if d.Certificate != nil {
					t.Errorf("a device")
				}
				got = append(got, err)
			}
			if len(got) != 1 || manifest.ReasonOf(got[0]) != test.reason || !strings.Contains(got[0].Error(), test.detail) {
				t.Errorf("%v, want %s: …%s…", got, test.reason, test.detail)
			}
		})
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

// A manifest that is read as one of another vendor would be called damaged.
func TestManifestOfAnotherVendorIsOfTheWrongFormat(t *testing.T) {
	t.Parallel()
	espressif := input("MAC,cn,cert\r\n1,2,3\r\n")
	_, err := vendors.DetectAs(t.Context(), espressif, "microchip")
	if manifest.ReasonOf(err) != manifest.ReasonWrongFormat || !strings.Contains(err.Error(), "format espressif, not microchip") {
		t.Errorf("%v", err)
	}
	for _, test := range []struct {
		in     manifest.Input
		vendor string
	}{{espressif, "espressif"}, {input("Dear customer,\n"), "microchip"}, {input(""), "infineon"}} {
		if format, err := vendors.DetectAs(t.Context(), test.in, test.vendor); err != nil || format.Vendor() != test.vendor {
			t.Errorf("%s: %v, %v", test.vendor, format.Vendor(), err)
		}
	}
}

func TestLookupOfAnUnknownVendorListsAllVendors(t *testing.T) {
	t.Parallel()
	for _, name := range vendors.Names() {
		if d, err := vendors.Lookup(name); err != nil || d.Vendor() != name {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	if _, err := vendors.Lookup("espresif"); err == nil || !strings.Contains(err.Error(), "espressif") {
		t.Errorf("an unknown vendor: %v", err)
	}
}

// claims returns the decoders that detect data as theirs.
func claims(data []byte) []string {
	var names []string
	for _, d := range vendors.Formats() {
		if d.Detect(data[:min(len(data), manifest.DetectSize)], int64(len(data))) {
			names = append(names, d.Vendor())
		}
	}
	return names
}

// With two claims the order of a list would decide.
func TestNoVectorIsClaimedTwice(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		if got := claims(v.data); len(got) > 1 {
			t.Errorf("%s is claimed by %v", v.path, got)
		}
	}
}

func FuzzDetect(f *testing.F) {
	for _, v := range loadVectors(f) {
		f.Add(v.data[:min(len(v.data), 4<<10)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := claims(data); len(got) > 1 {
			t.Errorf("claimed by %v", got)
		}
		f, err := vendors.Detect(t.Context(), manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))})
		if (f.Decoder == nil) == (err == nil) || err != nil && (manifest.ReasonOf(err) == "" || len(err.Error()) > 1000) {
			t.Errorf("%v, %v", f.Title, err)
		}
	})
}
