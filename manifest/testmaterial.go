package manifest

import (
	"bytes"
	"crypto/x509/pkix"
	"slices"
	"strings"
)

// TestIssuer is part of the name of every authority that `thingpress generate` makes, and of the
// comment in every certificate.
const TestIssuer = "Thingpress Test"

// testExtension is the extension with that comment, which is Netscape's
// (https://docs.openssl.org/3.5/man5/x509v3_config/#netscape-comment).
const testExtension = "2.16.840.1.113730.1.13"

// IsTestMaterial reports whether `thingpress generate` made the device's certificate, by the name of
// its issuer or by the comment in it. Its keys come from a seed, which is public for the examples, so
// that anyone can make such certificates. An authority of a product must not have such a name.
func (d *Device) IsTestMaterial() bool {
	c := d.Certificate
	return c != nil && (strings.Contains(c.Issuer.String(), TestIssuer) || slices.ContainsFunc(c.Extensions, isTestMark))
}

func isTestMark(e pkix.Extension) bool {
	return e.Id.String() == testExtension && bytes.Contains(e.Value, []byte(TestIssuer))
}
