package material

import (
	"crypto/elliptic"
	"crypto/sha256"
	"regexp"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

var x5cMember = regexp.MustCompile(`,"x5c":\[[^\]]*\]`)

// defects of a Microchip entry, beside those of its certificate. All but the
// first few are signed properly: what is wrong was wrong before.
func (f *microchipFormat) defects() []defect[microchipEntry] {
	algorithm := func(name string) func(*microchipEntry, craft) {
		return func(e *microchipEntry, _ craft) { e.algorithm = name }
	}
	payload := func(this, that string) func(*microchipEntry, craft) {
		return func(e *microchipEntry, _ craft) {
			e.payload = func(json string) string { return strings.Replace(json, this, that, 1) }
		}
	}
	text := func(replacement string) func(*microchipEntry, craft) {
		return func(e *microchipEntry, _ craft) { e.text = func(string) string { return replacement } }
	}
	return onLeaf(f.leaf,
		defect[microchipEntry]{"no signature", manifest.ReasonBadAlgorithm, func(e *microchipEntry, _ craft) {
			e.algorithm, e.signature = "none", func([]byte) []byte { return nil }
		}},
		defect[microchipEntry]{"shared secret", manifest.ReasonBadAlgorithm, algorithm("HS256")},
		defect[microchipEntry]{"RSA signature", manifest.ReasonBadAlgorithm, algorithm("RS256")},
		defect[microchipEntry]{"flipped bit", manifest.ReasonBadSignature, func(e *microchipEntry, c craft) {
			at := int(c.bytes(1)[0]) % 64
			e.signature = func(s []byte) []byte { s[at] ^= 1; return s }
		}},
		defect[microchipEntry]{"short signature", manifest.ReasonBadSignature, func(e *microchipEntry, _ craft) {
			e.signature = func(s []byte) []byte { return s[:63] }
		}},
		defect[microchipEntry]{"signer that nobody knows", manifest.ReasonUnknownSigner, func(e *microchipEntry, c craft) {
			sum := sha256.Sum256(c.bytes(32))
			e.signer, e.kid, e.x5t = c.ecKey(elliptic.P256()), rawURL(c.bytes(20)), rawURL(sum[:])
		}},
		defect[microchipEntry]{"another key's ID", manifest.ReasonSignerMismatch, func(e *microchipEntry, c craft) { e.kid = rawURL(c.bytes(20)) }},
		defect[microchipEntry]{"critical extension", manifest.ReasonBadHeader, func(e *microchipEntry, _ craft) {
			e.protected = func(json string) string { return strings.Replace(json, `{`, `{"crit":["exp"],`, 1) }
		}},
		defect[microchipEntry]{"header of another chip", manifest.ReasonIdentityMismatch, func(e *microchipEntry, _ craft) { e.headerID = "0123" + strings.Repeat("00", 6) + "ff" }},
		defect[microchipEntry]{"short unique ID", manifest.ReasonBadID, func(e *microchipEntry, _ craft) { e.uniqueID = e.uniqueID[:16] }},
		defect[microchipEntry]{"unique ID twice", manifest.ReasonDuplicateField, payload(`"uniqueId":`, `"uniqueId":"0123000000000000ff","uniqueId":`)},
		defect[microchipEntry]{"unique ID in capitals", manifest.ReasonDuplicateField, payload(`"uniqueId":`, `"UNIQUEID":"0123000000000000ff","uniqueId":`)},
		defect[microchipEntry]{"version 4", manifest.ReasonUnsupportedVersion, func(e *microchipEntry, _ craft) { e.version = `4` }},
		defect[microchipEntry]{"version as text", manifest.ReasonUnsupportedVersion, func(e *microchipEntry, _ craft) { e.version = `"1"` }},
		defect[microchipEntry]{"Lite", manifest.ReasonNoCertificate, func(e *microchipEntry, _ craft) {
			e.version = "2"
			e.payload = func(json string) string {
				before, _, _ := strings.Cut(json, `,"publicKeySet"`)
				return before + "}"
			}
		}},
		defect[microchipEntry]{"no certificate", manifest.ReasonNoCertificate, func(e *microchipEntry, _ craft) {
			e.x5c = func([]byte) []string { return nil }
		}},
		defect[microchipEntry]{"two certificates", manifest.ReasonSlotRequired, func(e *microchipEntry, _ craft) {
			e.payload = func(json string) string {
				return strings.Replace(json, `{"kid":"1"`, `{"kid":"1"`+x5cMember.FindString(json), 1)
			}
		}},
		defect[microchipEntry]{"issuer first", manifest.ReasonBadChain, func(e *microchipEntry, _ craft) {
			chain := e.x5c
			e.x5c = func(der []byte) []string { c := chain(der); slices.Reverse(c); return c }
		}},
		defect[microchipEntry]{"not signed by the issuer", manifest.ReasonBadChain, func(e *microchipEntry, _ craft) {
			e.leaf.spoil = func(der []byte) []byte { der[len(der)-1] ^= 1; return der }
		}},
		defect[microchipEntry]{"another chip's key", manifest.ReasonKeyMismatch, func(e *microchipEntry, c craft) {
			other := c.ecKey(elliptic.P256()).Public()
			e.jwk = func(any) string { return jwk(other) }
		}},
		defect[microchipEntry]{"before the signer's time", manifest.ReasonSignerNotValid, func(e *microchipEntry, _ craft) { e.timestamp = "2019-12-06T21:42:12.000Z" }},
		defect[microchipEntry]{"null", manifest.ReasonMalformedEntry, text("null")},
		defect[microchipEntry]{"number", manifest.ReasonMalformedEntry, text("608")},
		defect[microchipEntry]{"empty object", manifest.ReasonMalformedEntry, text("{}")},

		defect[microchipEntry]{"no header", "", func(e *microchipEntry, _ craft) { e.headerID = "" }},
		defect[microchipEntry]{"unique ID in upper case", "", func(e *microchipEntry, _ craft) { e.uniqueID = strings.ToUpper(e.uniqueID) }},
		defect[microchipEntry]{"no time", "", payload(`"provisioningTimestamp"`, `"provisioned"`)},
		defect[microchipEntry]{"certificates in base64url", "", func(e *microchipEntry, _ craft) {
			chain := e.x5c
			e.x5c = func(der []byte) []string {
				c := chain(der)
				for i := range c {
					c[i] = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(c[i])
				}
				return c
			}
		}},
	)
}
