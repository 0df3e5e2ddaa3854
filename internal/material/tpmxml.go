package material

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

var tpmFormat = Format{Name: "tpm-xml", write: func(ctx context.Context, o Options, s seed) error {
	return stream(ctx, o, s, tpmFrame, newTPM(s, o.Key))
}}

var tpmFrame = frame{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<modules>\n", "\n", "\n</modules>\n"}

// A tpmSource makes groups of the XML that the first Thingpress read.
type tpmSource struct {
	seed   seed
	kind   Key
	issuer *issuer
}

func newTPM(s seed, kind Key) source[*tpmEntry] {
	return &tpmSource{seed: s, kind: kind, issuer: &issuer{
		name: []attribute{country("DE"), testOrganization, common(testMaterial + " OPTIGA(TM) TPM Device CA")},
		key:  s.deviceKey(kind, "tpm ca", 0), hash: crypto.SHA256,
	}}
}

// A tpmEntry is an unwritten group.
type tpmEntry struct {
	draft
	mac string // empty leaves the element out
	// texts makes the texts of the certificates.
	texts func(der []byte) []string
}

func (f *tpmSource) entry(i int) (*tpmEntry, crypto.Signer) {
	key := f.seed.deviceKey(f.kind, "tpm", i)
	mac := strings.ToUpper(f.seed.hex("tpm mac", 0, 6) + hex.EncodeToString(f.seed.counter("tpm mac", i)))
	return &tpmEntry{
		mac: mac, texts: func(der []byte) []string { return []string{hexLines(der)} },
		draft: newDraft(f.seed.serial("tpm serial", i, 16), []attribute{testOrganization, common("tpm-" + strings.ToLower(mac))}, key.Public(),
			basicConstraints(false), keyUsage(x509.KeyUsageDigitalSignature), subjectKeyID(key.Public()), authorityKeyID(f.issuer.key.Public())),
	}, key
}

// hexLines returns lines of 32 bytes in hexadecimal.
func hexLines(der []byte) string {
	const width = 32
	var b strings.Builder
	for len(der) > width {
		b.WriteString(strings.ToUpper(hex.EncodeToString(der[:width])) + "\n      ")
		der = der[width:]
	}
	return b.String() + strings.ToUpper(hex.EncodeToString(der))
}

func (f *tpmSource) render(e *tpmEntry) []byte {
	var b strings.Builder
	b.WriteString("  <group>\n")
	if e.mac != "" {
		fmt.Fprintf(&b, "    <hex name=\"TpmMAC\" value=\"%s\"/>\n", e.mac)
	}
	for _, text := range e.texts(f.issuer.issue(&e.draft)) {
		fmt.Fprintf(&b, "    <binaryhex name=\"certificate\">\n      %s\n    </binaryhex>\n", text)
	}
	b.WriteString("  </group>")
	return []byte(b.String())
}

// defects returns the defects of a group, apart from those of its certificate.
func (f *tpmSource) defects() []defect[*tpmEntry] {
	texts := func(with func(der []byte) []string) func(*tpmEntry, craft) {
		return func(e *tpmEntry, _ craft) { e.texts = with }
	}
	return []defect[*tpmEntry]{
		{"no certificate", manifest.ReasonNoCertificate, texts(func([]byte) []string { return nil })},
		{"two certificates", manifest.ReasonIndexRequired, texts(func(der []byte) []string { return []string{hexLines(der), hexLines(der)} })},
		{"odd number of digits", manifest.ReasonBadEncoding, texts(func(der []byte) []string { return []string{hexLines(der)[1:]} })},
		{"bad identity", manifest.ReasonBadID, func(e *tpmEntry, _ craft) { e.mac = "module 7" }},

		{"no identity", "", func(e *tpmEntry, _ craft) { e.mac = "" }},
		{"lower case on one line", "", texts(func(der []byte) []string { return []string{hex.EncodeToString(der)} })},
		{"identity with colons", "", func(e *tpmEntry, _ craft) { e.mac = strings.Join(byteOfMAC.FindAllString(e.mac, -1), ":") }},
	}
}
