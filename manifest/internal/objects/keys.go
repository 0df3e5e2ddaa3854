package objects

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
)

// PrivateKeyText is in the armour of every PEM private key (RFC 7468 and older forms).
const PrivateKeyText = "PRIVATE KEY"

// PrivateKey returns the error for an entry that contains a readable private key.
// It rejects the whole manifest, whether or not the entry is signed.
func PrivateKey(what string) error {
	return manifest.Errorf(manifest.ReasonPrivateKey,
		"the file contains a private key (%s)", what)
}

// Screen searches JSON text for private keys: PEM armour, also in base64, and the
// private members of a JWK, d (RFC 7518, 6.2.2 and 6.3.2) and k (6.4.1). An
// encrypted key set (JWE) has neither. Screen also rejects text that nests deeper
// than depth. It ignores JSON that does not parse; the parser reports it.
func (p *Parser) Screen(text []byte, depth int) error {
	if manifest.HasPrivateKey(text) {
		return PrivateKey(PrivateKeyText)
	}
	return p.ScreenKeys(text, depth)
}

// ScreenKeys searches for the private members of keys only.
func (p *Parser) ScreenKeys(text []byte, depth int) error {
	// Most text has no candidates and needs no parsing.
	if !bytes.Contains(text, []byte(`"d"`)) && !bytes.Contains(text, []byte(`"k"`)) && bytes.IndexByte(text, '\\') < 0 &&
		bytes.Count(text, []byte{'{'})+bytes.Count(text, []byte{'['}) <= depth {
		return nil
	}
	p.begin(text, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	private := "" // the member whose value is next
	for {
		token, err := p.decoder.ReadToken()
		if err != nil {
			return nil //nolint:nilerr // the strict parser reports what is wrong, and where
		}
		if level := p.decoder.StackDepth(); level > depth {
			return manifest.Exceeded(manifest.ReasonMalformedEntry, manifest.Limit{Name: manifest.LimitDepth, Value: int64(depth)},
				"the JSON nests deeper than %d", depth)
		}
		if token.Kind() != jsontext.KindString {
			private = ""
			continue
		}
		value := token.String()
		if private != "" && value != "" {
			return PrivateKey("member " + private + " of a JSON Web Key")
		}
		private = ""
		kind, n := p.decoder.StackIndex(p.decoder.StackDepth())
		if kind == jsontext.KindBeginObject && n%2 == 1 && (value == "d" || value == "k") {
			private = value
		}
		if manifest.HasPrivateKey([]byte(value)) {
			return PrivateKey(PrivateKeyText)
		}
	}
}
