package microchip

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
)

// A jwk is one public key of a chip (PublicJWK), in the encoding of the
// manifest. Keys without certificate are not looked into.
type jwk struct {
	slot string // kid: the number of the slot
	kty  string
	crv  string
	x, y string // EC
	n, e string // RSA
	x5c  []string
}

// parseKeySet reads publicKeySet. What it returns aliases nothing.
func (p *parser) parseKeySet(text jsontext.Value) ([]jwk, error) {
	var list jsontext.Value
	err := p.object(text, []string{"keys"}, func(name []byte, value jsontext.Value) error {
		if string(name) == "keys" {
			list = value
		}
		return nil
	})
	if err != nil || list == nil {
		return nil, wrap("publicKeySet", err)
	}
	var elements []jsontext.Value
	err = p.array(list, "publicKeySet.keys", func(value jsontext.Value) error {
		elements = append(elements, value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	keys := make([]jwk, len(elements))
	for i, element := range elements {
		if err := p.parseKey(element, &keys[i]); err != nil {
			return nil, wrap("publicKeySet", err)
		}
	}
	return keys, nil
}

var keyNames = []string{"kid", "kty", "crv", "x5c"}

func (p *parser) parseKey(text jsontext.Value, key *jwk) error {
	var chain jsontext.Value
	err := p.object(text, keyNames, func(name []byte, value jsontext.Value) error {
		var field *string
		switch string(name) {
		case "kid":
			field = &key.slot
		case "kty":
			field = &key.kty
		case "crv":
			field = &key.crv
		case "x":
			field = &key.x
		case "y":
			field = &key.y
		case "n":
			field = &key.n
		case "e":
			field = &key.e
		case "x5c":
			chain = value
			return nil
		default:
			return nil
		}
		return setText(field, value, "member "+string(name)+" of a key")
	})
	if err != nil || chain == nil || chain.Kind() == jsontext.KindNull {
		return err
	}
	return p.array(chain, "x5c", func(value jsontext.Value) error {
		text, err := textOf(value, "an element of x5c")
		key.x5c = append(key.x5c, string(text))
		return err
	})
}

// decodeLoose decodes base64 in either alphabet, padded or not, with or
// without line ends: all are met inside signed payloads, where nobody can
// have changed them.
func decodeLoose(text string) ([]byte, error) {
	if strings.ContainsAny(text, "-_ \t") {
		text = strings.NewReplacer("-", "+", "_", "/", " ", "", "\t", "").Replace(text)
	}
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=\r\n"))
}

// matches says whether the public key of a certificate is that of the entry.
func (k *jwk) matches(certificate *x509.Certificate) error {
	switch k.kty {
	case "EC":
		key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
		if ok && k.matchesEC(key) {
			return nil
		}
	case "RSA":
		key, ok := certificate.PublicKey.(*rsa.PublicKey)
		if ok && sameNumber(k.n, key.N) && sameNumber(k.e, big.NewInt(int64(key.E))) {
			return nil
		}
	default:
		return manifest.Errorf(manifest.ReasonUnsupportedKey, "the key in slot %s is of type %s; AWS IoT takes EC and RSA", manifest.Quote(k.slot), manifest.Quote(k.kty))
	}
	return manifest.Errorf(manifest.ReasonKeyMismatch, "the certificate is for another key than the one in slot %s of the entry", manifest.Quote(k.slot))
}

// matchesEC compares the point, whose coordinates some tools write without
// their leading zeros.
func (k *jwk) matchesEC(key *ecdsa.PublicKey) bool {
	if k.crv != key.Curve.Params().Name {
		return false
	}
	point, err := key.Bytes()
	if err != nil {
		return false
	}
	size := (len(point) - 1) / 2
	return sameBytes(k.x, point[1:1+size]) && sameBytes(k.y, point[1+size:])
}

func sameBytes(text string, want []byte) bool {
	got, err := decodeLoose(text)
	return err == nil && len(got) > 0 && bytes.Equal(bytes.TrimLeft(got, "\x00"), bytes.TrimLeft(want, "\x00"))
}

func sameNumber(text string, want *big.Int) bool { return sameBytes(text, want.Bytes()) }
