package material

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"strings"

	"github.com/google/uuid"
)

// testMaterial is in the name of every issuer.
const testMaterial = "Thingpress Test"

// An espressifFormat makes the CSV of ExpressLink modules: header MAC,cn,cert;
// records end with CRLF, lines of the PEM with LF, and the file without either.
type espressifFormat struct {
	seed   seed
	kind   Key
	issuer *issuer
}

func newEspressif(s seed, kind Key) (*espressifFormat, error) {
	key, err := s.deviceKey(kind, "espressif ca", 0)
	if err != nil {
		return nil, err
	}
	return &espressifFormat{seed: s, kind: kind, issuer: &issuer{
		name: []attribute{country("IN"), state("MH"), locality("Pune"), testOrganization, common(testMaterial + " Espressif CA")},
		key:  key,
		hash: crypto.SHA256,
	}}, nil
}

// An espressifEntry is a record before it is written.
type espressifEntry struct {
	mac  string
	cn   *string // what the cn column says; nil is the CN of the certificate
	leaf draft
	// cell makes the text of the cert column, unquoted; columns the fields
	// of the record.
	cell    func(der []byte) string
	columns func(mac, cn, cert string) []string
}

func (f *espressifFormat) entry(i int) (*espressifEntry, crypto.Signer, error) {
	key, err := f.seed.deviceKey(f.kind, "espressif", i)
	if err != nil {
		return nil, nil, err
	}
	id, err := uuid.FromBytes(f.seed.bytes("espressif cn", i, 16))
	if err != nil {
		return nil, nil, err
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, RFC 9562
	usage := x509.KeyUsageDigitalSignature
	if f.kind == RSA {
		usage |= x509.KeyUsageKeyEncipherment
	}
	e := &espressifEntry{mac: f.mac(i), cell: pemText, columns: threeColumns}
	e.leaf = draft{
		serial:    f.seed.serial("espressif serial", i, 20),
		subject:   []attribute{country("IN"), state("MH"), testOrganization, unit("ExpressLink"), common(id.String())},
		notBefore: notBefore, notAfter: notAfter,
		key: key.Public(),
	}
	e.leaf.extensions = []pkix.Extension{basicConstraints(false), keyUsage(usage)}
	return e, key, nil
}

// mac returns a locally administered unicast address (IEEE 802, 8.4), which no
// product has.
func (f *espressifFormat) mac(i int) string {
	raw := append([]byte{0x02}, f.seed.bytes("espressif mac", 0, 1)...)
	return strings.ToUpper(hex.EncodeToString(append(raw, f.seed.counter("espressif mac", i)...)))
}

func (f *espressifFormat) render(e *espressifEntry) ([]byte, error) {
	der, err := f.issuer.issue(&e.leaf)
	if err != nil {
		return nil, err
	}
	cn := e.leaf.commonName()
	if e.cn != nil {
		cn = *e.cn
	}
	var b bytes.Buffer
	for n, column := range e.columns(e.mac, cn, e.cell(der)) {
		if n > 0 {
			b.WriteByte(',')
		}
		if strings.ContainsAny(column, "\",\r\n") {
			column = `"` + strings.ReplaceAll(column, `"`, `""`) + `"`
		}
		b.WriteString(column)
	}
	return b.Bytes(), nil
}

func threeColumns(mac, cn, cert string) []string { return []string{mac, cn, cert} }

func pemText(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func (f *espressifFormat) leaf(e *espressifEntry) *draft { return &e.leaf }
