package material

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"fmt"
)

var linesFormat = Format{Name: "generated", write: func(ctx context.Context, o Options, s seed) error {
	return stream(ctx, o, s, linesFrame, newLines(s, o.Key))
}}

var linesFrame = frame{"", "\n", "\n"}

// A linesSource makes one line of base64 per PEM certificate, which is
// Thingpress's format "generated".
type linesSource struct {
	seed   seed
	kind   Key
	issuer *issuer
}

var exampleCorp = []attribute{country("US"), state("Washington"), locality("Seattle"), testOrganization, unit("IoT Division")}

func newLines(s seed, kind Key) source[*linesEntry] {
	return &linesSource{seed: s, kind: kind, issuer: &issuer{
		name: append([]attribute{common(testMaterial + " Intermediate CA")}, exampleCorp...),
		key:  s.deviceKey(kind, "generated ca", 0),
		hash: crypto.SHA256,
	}}
}

// A linesEntry is an unwritten line.
type linesEntry struct {
	draft
	// line makes the text without its line end.
	line func(der []byte) string
}

func (f *linesSource) entry(i int) (*linesEntry, crypto.Signer) {
	key := f.seed.deviceKey(f.kind, "generated", i)
	name := fmt.Sprintf("Device-%s-%d", f.seed.hex("generated name", 0, 4), i)
	return &linesEntry{line: base64OfPEM, draft: newDraft(
		f.seed.serial("generated serial", i, 20), append([]attribute{common(name)}, exampleCorp...), key.Public(),
		basicConstraints(false),
		keyUsage(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment|x509.KeyUsageKeyEncipherment),
		subjectKeyID(key.Public()), authorityKeyID(f.issuer.key.Public()), extKeyUsage(clientAuth, serverAuth),
	)}, key
}

func (f *linesSource) render(e *linesEntry) []byte { return []byte(e.line(f.issuer.issue(&e.draft))) }

func base64OfPEM(der []byte) string { return base64.StdEncoding.EncodeToString(PEM(der)) }
