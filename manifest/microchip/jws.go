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
	protectedNames = []string{"alg", "kid", "x5t#S256", "crit", "b64"}
)

// signatureSize is the length of an ES256 signature: r and s, 32 bytes each (RFC 7518, 3.4).
const signatureSize = 64

// An envelope is an entry whose signature is not verified yet.
type envelope struct {
	// As in the entry: base64url text.
	payload, protected, signature []byte

	// Of the unprotected header: its names, and the unique ID where it has one.
	names    []string
	hasID    bool
	uniqueID string

	unknown []string // members that the format does not have
}

// parseEnvelope takes an entry apart. The result aliases raw.
func (p *parser) parseEnvelope(raw []byte) (*envelope, error) {
	e, header, err := p.parseMembers(raw)
	if err != nil || header == nil {
		return e, err
	}
	return e, p.parseHeader(e, header)
}

// parseMembers reads the members of an entry; the unprotected header, which is
// optional, is returned as it stands.
func (p *parser) parseMembers(raw []byte, options ...jsontext.Options) (e *envelope, header jsontext.Value, err error) {
	e = &envelope{}
	err = p.object(raw, envelopeNames, func(name []byte, value jsontext.Value) (err error) {
		switch string(name) {
		case namePayload:
			e.payload, err = textOf(value, "the payload")
		case nameProtected:
			e.protected, err = textOf(value, "the protected header")
		case nameSignature:
			e.signature, err = textOf(value, "the signature")
		case nameHeader:
			header = value
		case "signatures":
			err = manifest.Errorf(manifest.ReasonMalformedEntry, "the entry has %q: general JWS serialization is not what Microchip writes", "signatures")
		default:
			e.unknown = append(e.unknown, string(name))
		}
		return err
	}, options...)
	if err != nil {
		return nil, nil, err
	}
	for _, part := range e.parts() {
		if part.text == nil {
			return nil, nil, manifest.Errorf(manifest.ReasonMalformedEntry, "the entry has no %q", part.name)
		}
	}
	return e, header, nil
}

// A part is one of the three values that are base64url.
type part struct {
	name string
	text []byte
}

func (e *envelope) parts() [3]part {
	return [...]part{{namePayload, e.payload}, {nameProtected, e.protected}, {nameSignature, e.signature}}
}

// parseHeader reads the unprotected header, which nobody signed.
func (p *parser) parseHeader(e *envelope, text jsontext.Value) error {
	return p.object(text, headerNames, func(name []byte, value jsontext.Value) error {
		e.names = append(e.names, string(name))
		switch string(name) {
		case "crit", "b64":
			return manifest.Errorf(manifest.ReasonBadHeader, "%q stands in the unprotected header, where it must not be", name)
		case "uniqueId":
			id, err := textOf(value, "uniqueId of the header")
			e.hasID, e.uniqueID = true, string(id)
			return err
		}
		return nil
	})
}

// decodePart decodes base64url without padding, strictly: one text for one
// content, so that no bit of it can change unnoticed (RFC 7515, 2).
func decodePart(name string, text []byte) ([]byte, error) {
	// The standard library passes over line ends.
	if bytes.ContainsAny(text, "\r\n") {
		return nil, manifest.Errorf(manifest.ReasonBadEncoding, "the %s is not base64url: it has line ends", name)
	}
	decoded := make([]byte, base64.RawURLEncoding.DecodedLen(len(text)))
	n, err := base64.RawURLEncoding.Strict().Decode(decoded, text)
	if err != nil {
		return nil, manifest.Errorf(manifest.ReasonBadEncoding, "the %s is not base64url (RFC 7515, without padding): %w", name, err)
	}
	return decoded[:n], nil
}

// protectedHeader is what the signed header of an entry says.
type protectedHeader struct {
	alg, kid, x5t string
}

// parseProtected reads the signed header. Keys and certificates in it (jwk,
// x5c, jku, x5u) are passed over: an entry does not say whom to trust.
func (p *parser) parseProtected(text []byte, e *envelope) (protectedHeader, error) {
	var h protectedHeader
	err := p.object(text, protectedNames, func(name []byte, value jsontext.Value) error {
		if slices.Contains(e.names, string(name)) {
			return manifest.Errorf(manifest.ReasonBadHeader, "%s stands in the protected and in the unprotected header", manifest.Quote(string(name)))
		}
		var field *string
		switch string(name) {
		case "alg":
			field = &h.alg
		case "kid":
			field = &h.kid
		case "x5t#S256":
			field = &h.x5t
		case "crit":
			return manifest.Errorf(manifest.ReasonBadHeader, "the protected header has %q: there is no extension that this reader understands", name)
		case "b64":
			if value.Kind() != jsontext.KindTrue {
				return manifest.Errorf(manifest.ReasonBadHeader, "the protected header says that the payload is not base64url (b64)")
			}
			return nil
		default:
			return nil
		}
		text, err := textOf(value, string(name)+" of the protected header")
		*field = string(text)
		return err
	})
	return h, err
}

// verify checks the signature and returns who made it. The algorithm is fixed;
// the signer is chosen by fingerprint and must have the key ID, too.
// protected is the decoded protected header.
func (p *parser) verify(e *envelope, protected []byte, signers *registry) (*signer, error) {
	h, err := p.parseProtected(protected, e)
	if err != nil {
		return nil, err
	}
	switch h.alg {
	case "ES256":
	case "":
		return nil, manifest.Errorf(manifest.ReasonBadAlgorithm, "the protected header has no alg; ES256 is expected")
	default:
		return nil, manifest.Errorf(manifest.ReasonBadAlgorithm, "signed with alg %s; only ES256 is taken", manifest.Quote(h.alg))
	}
	by, err := signers.choose(h)
	if err != nil {
		return nil, err
	}
	signature, err := decodePart(nameSignature, e.signature)
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
		return nil, manifest.Errorf(manifest.ReasonBadSignature, "the signature does not verify with %s: the entry was changed after it was signed", by.name())
	}
	return by, nil
}
