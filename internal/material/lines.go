package material

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
)

// A linesFormat makes one base64 of a PEM certificate per line: what Thingpress
// calls generated.
type linesFormat struct {
	seed   seed
	kind   Key
	issuer *issuer
	id     []byte // key identifier of the issuer
}

var exampleCorp = []attribute{country("US"), state("Washington"), locality("Seattle"), testOrganization, unit("IoT Division")}

func newLines(s seed, kind Key) (*linesFormat, error) {
	key, err := s.deviceKey(kind, "generated ca", 0)
	if err != nil {
		return nil, err
	}
	id, err := keyID(key.Public())
	if err != nil {
		return nil, err
	}
	name := append([]attribute{common(testMaterial + " Intermediate CA")}, exampleCorp...)
	return &linesFormat{seed: s, kind: kind, id: id, issuer: &issuer{name: name, key: key, hash: crypto.SHA256}}, nil
}

// A linesEntry is a line before it is written.
type linesEntry struct {
	leaf draft
	// line makes the text, without its end.
	line func(der []byte) string
}

func (f *linesFormat) entry(i int) (*linesEntry, crypto.Signer, error) {
	key, err := f.seed.deviceKey(f.kind, "generated", i)
	if err != nil {
		return nil, nil, err
	}
	id, err := keyID(key.Public())
	if err != nil {
		return nil, nil, err
	}
	name := fmt.Sprintf("Device-%s-%d", f.seed.hex("generated name", 0, 4), i)
	return &linesEntry{line: base64OfPEM, leaf: draft{
		serial:    f.seed.serial("generated serial", i, 20),
		subject:   append([]attribute{common(name)}, exampleCorp...),
		notBefore: notBefore, notAfter: notAfter,
		key: key.Public(),
		extensions: []pkix.Extension{
			basicConstraints(false),
			keyUsage(x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment),
			subjectKeyID(id), authorityKeyID(f.id), extKeyUsage(clientAuth, serverAuth),
		},
	}}, key, nil
}

func (f *linesFormat) render(e *linesEntry) ([]byte, error) {
	der, err := f.issuer.issue(&e.leaf)
	if err != nil {
		return nil, err
	}
	return []byte(e.line(der)), nil
}

func base64OfPEM(der []byte) string { return base64.StdEncoding.EncodeToString([]byte(pemText(der))) }

func (f *linesFormat) leaf(e *linesEntry) *draft { return &e.leaf }
