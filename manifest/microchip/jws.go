package microchip

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
)

// Names of the members of an entry: a JWS in flattened JSON serialization
// (RFC 7515, 7.2.2).
const (
	namePayload   = "payload"
	nameProtected = "protected"
	nameHeader    = "header"
	nameSignature = "signature"
)

var (
	envelopeNames  = []string{namePayload, nameProtected, nameHeader, nameSignature}
	headerNames    = []string{"uniqueId"}
	codedNames     = []string{namePayload, nameProtected, nameSignature}
	protectedNames = []string{"alg", "kid", "x5t#S256", "crit", "b64"}
)

// signatureSize is the length of an ES256 signature: r and s, 32 bytes each (RFC 7518, 3.4).
const signatureSize = 64

// An envelope is an entry with an unverified signature.
type envelope struct {
	// As in the entry: base64url text.
	payload, protected, signature []byte

	// From the unprotected header: its names, and the unique ID if it has one.
	names    []string
	hasID    bool
	uniqueID string

	unknown []string // members that the format does not have
}

// parseEnvelope parses an entry. The result aliases raw.
func (p *parser) parseEnvelope(raw []byte) (*envelope, error) {
	return p.parseMembers(raw, p.parseHeader)
}

// parseMembers reads the members of an entry. It calls header for the unprotected header.
func (p *parser) parseMembers(raw []byte, header func(e *envelope) error, options ...jsontext.Options) (*envelope, error) {
	e := &envelope{}
	err := p.Document("the entry", raw, envelopeNames, func(name []byte) (err error) {
		switch string(name) {
		case namePayload:
			e.payload, err = p.Text("the payload")
		case nameProtected:
			e.protected, err = p.Text("the protected header")
		case nameSignature:
			e.signature, err = p.Text("the signature")
		case nameHeader:
			err = header(e)
		case "signatures":
			err = manifest.Errorf(manifest.ReasonMalformedEntry,
				"the entry has %q: general JWS serialization is not what Microchip writes", "signatures")
		default:
			e.unknown = append(e.unknown, string(name))
			err = p.Skip()
		}
		return err
	}, options...)
	if err != nil {
		return nil, err
	}
	for _, part := range e.parts() {
		if part.text == nil {
			return nil, manifest.Errorf(manifest.ReasonMalformedEntry, "the entry has no %q", part.name)
		}
	}
	return e, nil
}

// A part is one of the three base64url values.
type part struct {
	name string
	text []byte
}

func (e *envelope) parts() [3]part {
	return [...]part{{namePayload, e.payload}, {nameProtected, e.protected}, {nameSignature, e.signature}}
}

// parseHeader reads the unprotected header, which is not signed.
func (p *parser) parseHeader(e *envelope) error {
	return p.Object("the header", headerNames, func(name []byte) error {
		e.names = append(e.names, string(name))
		switch string(name) {
		case "crit", "b64":
			return manifest.Errorf(manifest.ReasonBadHeader, "the unprotected header has %q, which must not be there", name)
		case "uniqueId":
			id, err := p.Text("uniqueId of the header")
			e.hasID, e.uniqueID = true, string(id)
			return err
		}
		return p.Skip()
	})
}

// decodePart decodes base64url without padding. It is strict, with one text for
// one content, so that no bit can change unnoticed (RFC 7515, 2). It reuses the
// memory of dst.
func decodePart(dst []byte, name string, text []byte) ([]byte, error) {
	// The standard library ignores line ends.
	if bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, '\n') >= 0 {
		return nil, manifest.Errorf(manifest.ReasonBadEncoding, "the %s is not base64url: it has line ends", name)
	}
	decoded, err := base64.RawURLEncoding.Strict().AppendDecode(dst[:0], text)
	if err != nil {
		return nil, manifest.Errorf(manifest.ReasonBadEncoding, "the %s is not base64url (RFC 7515, without padding): %w", name, err)
	}
	return decoded, nil
}

// protectedHeader has the members of the signed header of an entry.
type protectedHeader struct {
	alg, kid, x5t string
	names         []string
}

// parseProtected reads the signed header. It ignores keys and certificates in it
// (jwk, x5c, jku, x5u): an entry does not determine whom to trust.
func (p *parser) parseProtected(text []byte) (*protectedHeader, error) {
	h := &protectedHeader{}
	err := p.Document("the protected header", text, protectedNames, func(name []byte) error {
		h.names = append(h.names, string(name))
		var field *string
		switch string(name) {
		case "alg":
			field = &h.alg
		case "kid":
			field = &h.kid
		case "x5t#S256":
			field = &h.x5t
		case "crit":
			return manifest.Errorf(manifest.ReasonBadHeader, "the protected header has %q, but no extension is supported", name)
		case "b64":
			if p.Kind() != jsontext.KindTrue {
				return manifest.Errorf(manifest.ReasonBadHeader, "the protected header says that the payload is not base64url (b64)")
			}
			return p.Skip()
		default:
			return p.Skip()
		}
		return p.setText(field, string(name)+" of the protected header")
	})
	return h, err
}

// setText reads the current string into a field.
func (p *parser) setText(field *string, what string) error {
	text, err := p.Text(what)
	*field = string(text)
	return err
}

// verify checks the signature and returns the signer. The algorithm is fixed. The
// fingerprint determines the signer, whose key ID must match, too.
func (e *envelope) verify(h *protectedHeader, signers *registry) (*signer, error) {
	for _, name := range e.names {
		if slices.Contains(h.names, name) {
			return nil, manifest.Errorf(manifest.ReasonBadHeader, "%s is in both the protected and the unprotected header", manifest.Quote(name))
		}
	}
	switch h.alg {
	case "ES256":
	case "":
		return nil, manifest.Errorf(manifest.ReasonBadAlgorithm, "the protected header has no alg; ES256 is expected")
	default:
		return nil, manifest.Errorf(manifest.ReasonBadAlgorithm, "signed with alg %s; only ES256 is accepted", manifest.Quote(h.alg))
	}
	by, err := signers.choose(h)
	if err != nil {
		return nil, err
	}
	signature, err := decodePart(nil, nameSignature, e.signature)
	if err != nil {
		return nil, err
	}
	if len(signature) != signatureSize {
		return nil, manifest.Errorf(manifest.ReasonBadSignature, "the signature has %d bytes; ES256 has %d", len(signature), signatureSize)
	}
	hash := sha256.New()
	hash.Write(e.protected)
	hash.Write([]byte{'.'})
	hash.Write(e.payload)
	r := new(big.Int).SetBytes(signature[:signatureSize/2])
	s := new(big.Int).SetBytes(signature[signatureSize/2:])
	if !ecdsa.Verify(by.key, hash.Sum(nil), r, s) {
		return nil, manifest.Errorf(manifest.ReasonBadSignature,
			"the signature does not verify with %s: the entry was changed after it was signed", by.name())
	}
	return by, nil
}
