package manifest

import "strings"

// TestIssuer is part of the name of every authority that `thingpress generate` makes.
const TestIssuer = "Thingpress Test"

// IsTestMaterial reports whether the device's certificate is of an authority of `thingpress
// generate`. Their keys come from a seed, which is public for the examples, so that anyone can
// make such certificates. An authority of a product must not have such a name.
func (d *Device) IsTestMaterial() bool {
	return d.Certificate != nil && strings.Contains(d.Certificate.Issuer.String(), TestIssuer)
}
