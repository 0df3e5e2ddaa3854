package material

import (
	"context"
	"crypto"
	"crypto/x509"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

var csvFormat = Format{Name: "csv", write: func(ctx context.Context, o Options, s seed) error {
	return stream(ctx, o, s, tableFrame, newTable(s, o.Key))
}}

var tableFrame = frame{"", "\n", "\n"}

// A tableSource makes onboard.csv of Nordic's nrfcloud-utils, a table that needs no columns
// to be named: without a header, with device ID, sub-type, tags, types of firmware and
// certificate. The device ID is the CN of the certificate.
type tableSource struct {
	seed   seed
	kind   Key
	issuer *issuer
}

func newTable(s seed, kind Key) source[*tableEntry] {
	return &tableSource{seed: s, kind: kind, issuer: &issuer{
		name: []attribute{country("NO"), state("Trondelag"), testOrganization, common(testMaterial + " nRF Cloud CA")},
		key:  s.deviceKey(kind, "csv ca", 0),
		hash: crypto.SHA256,
	}}
}

// A tableEntry is an unwritten record.
type tableEntry struct {
	draft
	id *string // the device ID; nil for the certificate's CN
	// cell makes the unquoted text of the certificate.
	cell func(der []byte) string
}

func (f *tableSource) entry(i int) (*tableEntry, crypto.Signer) {
	key := f.seed.deviceKey(f.kind, "csv", i)
	subject := []attribute{country("NO"), testOrganization, common(f.seed.uuid("csv cn", i))}
	return &tableEntry{
		draft: newDraft(f.seed.serial("csv serial", i, 20), subject, key.Public(),
			basicConstraints(false), keyUsage(x509.KeyUsageDigitalSignature), extKeyUsage(clientAuth)),
		cell: pemText,
	}, key
}

func (f *tableSource) render(e *tableEntry) []byte {
	id := e.commonName()
	if e.id != nil {
		id = *e.id
	}
	return csvRecord([]string{id, "gateway", "line-7|hall-2", "APP|MODEM", e.cell(f.issuer.issue(&e.draft))})
}

// defects returns the defects of a record, apart from those of its certificate.
func (*tableSource) defects() []defect[*tableEntry] {
	cell := func(with func(der []byte) string) func(*tableEntry, craft) {
		return func(e *tableEntry, _ craft) { e.cell = with }
	}
	return []defect[*tableEntry]{
		{"no certificate", manifest.ReasonNoCertificate, cell(func([]byte) string { return "" })},
		{"broken base64", manifest.ReasonBadEncoding, cell(func(der []byte) string { return strings.Replace(pemText(der), "\nMI", "\nM*", 1) })},
		{"another device's name", manifest.ReasonIdentityMismatch, func(e *tableEntry, _ craft) {
			other := "00000000-0000-4000-8000-000000000000"
			e.id = &other
		}},

		{"PEM on one line", "", cell(func(der []byte) string { return strings.ReplaceAll(pemText(der), "\n", `\n`) })},
		{"PEM with CRLF", "", cell(func(der []byte) string { return strings.ReplaceAll(pemText(der), "\n", "\r\n") })},
	}
}
