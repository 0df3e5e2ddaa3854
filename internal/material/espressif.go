package material

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

var espressifFormat = Format{Name: "espressif", write: func(ctx context.Context, o Options, s seed) error {
	return stream(ctx, o, s, espressifFrame, newEspressif(s, o.Key))
}}

var espressifFrame = frame{"MAC,cn,cert\r\n", "\r\n", ""}

// testMaterial is part of every issuer's name.
const testMaterial = manifest.TestIssuer

// An espressifSource makes the CSV of ExpressLink modules: the header is
// MAC,cn,cert, records end with CRLF, lines of the PEM with LF, and the file
// without a line end.
type espressifSource struct {
	seed   seed
	kind   Key
	issuer *issuer
}

func newEspressif(s seed, kind Key) source[*espressifEntry] {
	return &espressifSource{seed: s, kind: kind, issuer: &issuer{
		name: []attribute{country("IN"), state("MH"), locality("Pune"), testOrganization, common(testMaterial + " Espressif CA")},
		key:  s.deviceKey(kind, "espressif ca", 0),
		hash: crypto.SHA256,
	}}
}

// An espressifEntry is an unwritten record.
type espressifEntry struct {
	draft
	mac string
	cn  *string // the text of the cn column; nil for the certificate's CN
	// cell makes the unquoted text of the cert column, columns the fields of the record.
	cell    func(der []byte) string
	columns func(mac, cn, cert string) []string
}

func (f *espressifSource) entry(i int) (*espressifEntry, crypto.Signer) {
	key := f.seed.deviceKey(f.kind, "espressif", i)
	usage := x509.KeyUsageDigitalSignature
	if f.kind == RSA {
		usage |= x509.KeyUsageKeyEncipherment
	}
	subject := []attribute{country("IN"), state("MH"), testOrganization, unit("ExpressLink"), common(f.seed.uuid("espressif cn", i))}
	return &espressifEntry{
		draft: newDraft(f.seed.serial("espressif serial", i, 20), subject, key.Public(), basicConstraints(false), keyUsage(usage)),
		mac:   f.mac(i), cell: pemText,
		columns: func(mac, cn, cert string) []string { return []string{mac, cn, cert} },
	}, key
}

// mac returns a locally administered unicast address (IEEE 802, 8.4), which no product has.
func (f *espressifSource) mac(i int) string {
	raw := append([]byte{0x02}, f.seed.bytes("espressif mac", 0, 1)...)
	return strings.ToUpper(hex.EncodeToString(append(raw, f.seed.counter("espressif mac", i)...)))
}

func (f *espressifSource) render(e *espressifEntry) []byte {
	cn := e.commonName()
	if e.cn != nil {
		cn = *e.cn
	}
	return csvRecord(e.columns(e.mac, cn, e.cell(f.issuer.issue(&e.draft))))
}

// csvRecord returns the cells of a record of CSV, with quotes where they are needed.
func csvRecord(cells []string) []byte {
	var b bytes.Buffer
	for n, cell := range cells {
		if n > 0 {
			b.WriteByte(',')
		}
		if strings.ContainsAny(cell, "\",\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		b.WriteString(cell)
	}
	return b.Bytes()
}

func pemText(der []byte) string { return string(PEM(der)) }
