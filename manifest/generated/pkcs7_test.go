package generated

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// A container is longer than any other entry may be.
func TestContainersAreNotBoundByTheLimitOfAnEntry(t *testing.T) {
	t.Parallel()
	const n = 3000
	one := decodertest.Collect(t, Decoder{}, decodertest.Input(good(t, 1)), manifest.Options{}).Devices()[0]
	der := containing(bytes.Repeat(one.Certificate.Raw, n))
	pem := "-----BEGIN PKCS7-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END PKCS7-----\n"
	opts := manifest.Options{Limits: manifest.Limits{EntryBytes: 4 << 10}}
	for name, content := range map[string][]byte{"DER": der, "PEM": []byte(pem)} {
		got := decodertest.Collect(t, Decoder{}, decodertest.Input(content), opts)
		if len(got.Devices()) != n || got.Final != nil {
			t.Errorf("%s: %d devices of %d, then %v", name, len(got.Devices()), n, got.Final)
		}
	}
}

// The bound of a container must hold before it is read as a whole.
func TestContainersWithoutEndAreRefused(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{
		"DER": "\x30\x84\x7f\xff\xff\xff" + string(containerOf(t, 1)[6:40]),
		"BER": "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x84\x7f\xff\xff\xff",
		"PEM": "-----BEGIN PKCS7-----\n",
	} {
		in := manifest.Input{Name: "m", Reader: decodertest.Repeated{Begin: begin, Byte: 'A'}, Size: 48 << 20}
		got := decodertest.Collect(t, Decoder{}, in, manifest.Options{})
		if manifest.ReasonOf(got.Final) != manifest.ReasonLimitExceeded || !strings.Contains(got.Final.Error(), "PKCS #7") {
			t.Errorf("%s: %v", name, got.Final)
		}
	}
}

// Entries of a container are not byte ranges of the file.
func TestEntriesAreCutOutOfContainers(t *testing.T) {
	t.Parallel()
	der := containerOf(t, 6)
	pem := "-----BEGIN PKCS7-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END PKCS7-----\n"
	after := string(good(t, 7))
	for name, content := range map[string]string{"DER": string(der), "PEM": pem, "PEM and lines": pem + after} {
		in := decodertest.Input([]byte(content))
		whole := decodertest.Collect(t, Decoder{}, in, manifest.Options{})
		chosen := []int{1, 4, len(whole.Entries) - 1}
		var out bytes.Buffer
		written, err := Format().Cut(t.Context(), in, manifest.Options{}, func(entry int) bool { return slices.Contains(chosen, entry) }, &out)
		if err != nil || written != len(chosen) {
			t.Fatalf("%s: %d entries, %v", name, written, err)
		}
		again := decodertest.Collect(t, Decoder{}, decodertest.Input(out.Bytes()), manifest.Options{})
		var want, got []string
		for _, entry := range chosen {
			want = append(want, whole.Entries[entry].Device.ThingName)
		}
		for _, e := range again.Entries {
			got = append(got, e.Device.ThingName)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || again.Final != nil {
			t.Errorf("%s: %v, want %v; %v", name, got, want, again.Final)
		}
	}
}

// containerOf returns a PKCS #7 container with n certificates.
func containerOf(t *testing.T, n int) []byte {
	t.Helper()
	var certificates []byte
	for _, d := range decodertest.Collect(t, Decoder{}, decodertest.Input(good(t, n)), manifest.Options{}).Devices() {
		certificates = append(certificates, d.Certificate.Raw...)
	}
	return containing(certificates)
}

func containing(certificates []byte) []byte {
	oid := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07}
	content := wrap(0x30, slices.Concat(oid, []byte{1}))
	body := slices.Concat([]byte{2, 1, 1, 0x31, 0}, content, wrap(0xa0, certificates), []byte{0x31, 0})
	return wrap(0x30, slices.Concat(oid, []byte{2}, wrap(0xa0, wrap(0x30, body))))
}

// wrap returns an element in DER, with a length of four bytes.
func wrap(tag byte, body []byte) []byte {
	n := len(body)
	return append([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}
