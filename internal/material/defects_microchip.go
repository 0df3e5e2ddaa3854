package material

import (
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

var x5cMember = regexp.MustCompile(`,"x5c":\[[^\]]*\]`)

// defects returns the defects of an entry, apart from those of its certificate.
// All but the first few have a valid signature over the faulty content.
func (*microchipSource) defects() []defect[*microchipEntry] {
	algorithm := func(name string) func(*microchipEntry, craft) {
		return func(e *microchipEntry, _ craft) { e.protected = e.protected.With("alg", name) }
	}
	payload := func(this, that string) func(*microchipEntry, craft) {
		return func(e *microchipEntry, _ craft) {
			e.payload = func(json string) string { return strings.Replace(json, this, that, 1) }
		}
	}
	text := func(replacement string) func(*microchipEntry, craft) {
		return func(e *microchipEntry, _ craft) { e.text = replacement }
	}
	return []defect[*microchipEntry]{
		{"no signature", manifest.ReasonBadAlgorithm, func(e *microchipEntry, _ craft) {
			e.protected, e.signature = e.protected.With("alg", "none"), func([]byte) []byte { return nil }
		}},
		{"shared secret", manifest.ReasonBadAlgorithm, algorithm("HS256")},
		{"RSA signature", manifest.ReasonBadAlgorithm, algorithm("RS256")},
		{"flipped bit", manifest.ReasonBadSignature, func(e *microchipEntry, c craft) {
			at := int(c.bytes(1)[0]) % 64
			e.signature = func(s []byte) []byte { s[at] ^= 1; return s }
		}},
		{"short signature", manifest.ReasonBadSignature, func(e *microchipEntry, _ craft) {
			e.signature = func(s []byte) []byte { return s[:63] }
		}},
		{"signer that nobody knows", manifest.ReasonUnknownSigner, func(e *microchipEntry, c craft) {
			sum := sha256.Sum256(c.bytes(32))
			e.signer, e.protected = c.ecKey(elliptic.P256()), e.protected.With("kid", URL64(c.bytes(20))).With("x5t#S256", URL64(sum[:]))
		}},
		{"another key's ID", manifest.ReasonSignerMismatch, func(e *microchipEntry, c craft) {
			e.protected = e.protected.With("kid", URL64(c.bytes(20)))
		}},
		{"critical extension", manifest.ReasonBadHeader, func(e *microchipEntry, _ craft) {
			e.protected = append(Object{{"crit", []string{"exp"}}}, e.protected...)
		}},
		{"header of another chip", manifest.ReasonIdentityMismatch, func(e *microchipEntry, _ craft) {
			e.headerID = "0123" + strings.Repeat("00", 6) + "ff"
		}},
		{"half a byte less of the unique ID", manifest.ReasonBadID, func(e *microchipEntry, _ craft) { e.uniqueID = e.uniqueID[:17] }},
		{"unique ID twice", manifest.ReasonDuplicateField, payload(`"uniqueId":`, `"uniqueId":"0123000000000000ff","uniqueId":`)},
		{"unique ID in capitals", manifest.ReasonDuplicateField, payload(`"uniqueId":`, `"UNIQUEID":"0123000000000000ff","uniqueId":`)},
		{"version 4", manifest.ReasonUnsupportedVersion, func(e *microchipEntry, _ craft) { e.version = json.RawMessage(`4`) }},
		{"version as text", manifest.ReasonUnsupportedVersion, func(e *microchipEntry, _ craft) { e.version = json.RawMessage(`"1"`) }},
		{"Lite", manifest.ReasonNoCertificate, func(e *microchipEntry, _ craft) {
			e.version = json.RawMessage("2")
			e.payload = func(json string) string {
				before, _, _ := strings.Cut(json, `,"publicKeySet"`)
				return before + "}"
			}
		}},
		{"no certificate", manifest.ReasonNoCertificate, func(e *microchipEntry, _ craft) {
			e.x5c = func([]byte) []string { return nil }
		}},
		{"two certificates", manifest.ReasonSlotRequired, func(e *microchipEntry, _ craft) {
			e.payload = func(json string) string {
				return strings.Replace(json, `{"kid":"1"`, `{"kid":"1"`+x5cMember.FindString(json), 1)
			}
		}},
		{"issuer first", manifest.ReasonBadChain, func(e *microchipEntry, _ craft) {
			chain := e.x5c
			e.x5c = func(der []byte) []string { c := chain(der); slices.Reverse(c); return c }
		}},
		{"not signed by the issuer", manifest.ReasonBadChain, func(e *microchipEntry, _ craft) {
			e.spoil = func(der []byte) []byte { der[len(der)-1] ^= 1; return der }
		}},
		{"another chip's key", manifest.ReasonKeyMismatch, func(e *microchipEntry, c craft) {
			e.jwk = c.ecKey(elliptic.P256()).Public()
		}},
		{"after the signer's time", manifest.ReasonSignerNotValid, func(e *microchipEntry, _ craft) {
			e.timestamp = "2099-12-06T21:42:12.000Z"
		}},
		{"null", manifest.ReasonMalformedEntry, text("null")},
		{"number", manifest.ReasonMalformedEntry, text("608")},
		{"empty object", manifest.ReasonMalformedEntry, text("{}")},

		{"no header", "", func(e *microchipEntry, _ craft) { e.headerID = "" }},
		{"unique ID in upper case", "", func(e *microchipEntry, _ craft) { e.uniqueID = strings.ToUpper(e.uniqueID) }},
		{"no time", "", payload(`"provisioningTimestamp"`, `"provisioned"`)},
		{"certificates in base64url", "", func(e *microchipEntry, _ craft) {
			chain := e.x5c
			e.x5c = func(der []byte) []string {
				c := chain(der)
				for i := range c {
					c[i] = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(c[i])
				}
				return c
			}
		}},
	}
}
