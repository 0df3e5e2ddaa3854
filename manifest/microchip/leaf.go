package microchip

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/objects"
)

// maxChain is the maximum number of certificates for one key. Microchip writes two.
const maxChain = 8

// chooseKey returns the key with the device's certificate.
func chooseKey(c *payload, slot string) (*jwk, error) {
	var carriers []*jwk
	for i := range c.keys {
		if len(c.keys[i].x5c) > 0 {
			carriers = append(carriers, &c.keys[i])
		}
	}
	switch {
	case len(carriers) == 0 && c.version == versionLite:
		return nil, manifest.Errorf(manifest.ReasonNoCertificate,
			"a Lite manifest (version 2) has no certificates: its devices get theirs in the field")
	case len(carriers) == 0:
		return nil, manifest.Errorf(manifest.ReasonNoCertificate, "none of the %d keys has a certificate", len(c.keys))
	case slot != "":
		i := slices.IndexFunc(carriers, func(k *jwk) bool { return string(k.slot) == slot })
		if i < 0 {
			return nil, manifest.Errorf(manifest.ReasonNoCertificate,
				"the key in slot %s has no certificate; there is one in slot %s", manifest.Quote(slot), slots(carriers))
		}
		if slices.ContainsFunc(carriers[i+1:], func(k *jwk) bool { return string(k.slot) == slot }) {
			return nil, manifest.Errorf(manifest.ReasonSeveralCertificates, "two keys with certificates are in slot %s", manifest.Quote(slot))
		}
		return carriers[i], nil
	case len(carriers) > 1:
		return nil, manifest.Errorf(manifest.ReasonSlotRequired,
			"the keys in slots %s have certificates, and nothing says which is the device's", slots(carriers))
	case strings.Contains(strings.ToUpper(c.partNumber), "WPC"):
		return nil, manifest.Errorf(manifest.ReasonSlotRequired,
			"%s is a part for wireless charging, whose certificate in slot %s may belong to the product unit instead of the device",
			manifest.Quote(c.partNumber), slots(carriers))
	}
	return carriers[0], nil
}

// slots lists the slots of keys.
func slots(keys []*jwk) string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = key.quotedSlot()
	}
	return strings.Join(names, ", ")
}

// readLeaf parses the certificate of a key and checks that it is for this key and
// signed by the issuer that follows it. issuer is nil if none follows.
func (j *judge) readLeaf(key *jwk) (leaf *x509.Certificate, issuer *x509.Certificate, err error) {
	if len(key.x5c) > maxChain {
		return nil, nil, manifest.Errorf(manifest.ReasonMalformedEntry, "x5c has %d certificates; the limit is %d", len(key.x5c), maxChain)
	}
	der, err := armour.Base64(key.x5c[0])
	if err != nil {
		return nil, nil, manifest.Errorf(manifest.ReasonBadEncoding, "x5c: the first certificate is not base64: %w", err)
	}
	if leaf, err = parseCertificate(der); err != nil {
		return nil, nil, fmt.Errorf("x5c: %w", err)
	}
	chain, err := j.issuers.chain(key.x5c[1:])
	if err != nil {
		return nil, nil, err
	}
	if manifest.IsCA(leaf) {
		if slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return key.matches(c) == nil }) {
			return nil, nil, manifest.Errorf(manifest.ReasonBadChain, "x5c is out of order: the device's certificate must come first")
		}
		if !j.options.AllowCA {
			return nil, nil, manifest.Errorf(manifest.ReasonCACertificate,
				"the certificate in slot %s belongs to a certification authority (%s), not to a device",
				key.quotedSlot(), manifest.Quote(leaf.Subject.CommonName))
		}
	}
	if err := key.matches(leaf); err != nil {
		return nil, nil, err
	}
	if len(chain) == 0 {
		return leaf, nil, nil
	}
	return leaf, chain[0], checkIssued(leaf, chain[0])
}

// parseCertificate parses a certificate. The error for a private key names its place.
func parseCertificate(der []byte) (*x509.Certificate, error) {
	certificate, err := armour.ParseDER(der)
	if errors.Is(err, manifest.ErrPrivateKey) {
		err = objects.PrivateKey("in DER, in the place of a certificate")
	}
	return certificate, err
}

// checkIssued verifies that one certificate is signed by the next.
func checkIssued(certificate, issuer *x509.Certificate) error {
	err := certificate.CheckSignatureFrom(issuer)
	var insecure x509.InsecureAlgorithmError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &insecure):
		return manifest.Errorf(manifest.ReasonUnsupportedSigAlg,
			"the certificate of %s is signed with %s", manifest.Quote(certificate.Subject.CommonName), certificate.SignatureAlgorithm)
	}
	return manifest.Errorf(manifest.ReasonBadChain, "the certificate of %s is not signed by %s, which follows it in x5c: %w",
		manifest.Quote(certificate.Subject.CommonName), manifest.Quote(issuer.Subject.CommonName), err)
}

// checkIdentity compares the common name with the unique ID. Microchip's own
// authority puts the ID into the name, with or without "sn" before it and more
// after it. With another authority the customer chooses the name.
func checkIdentity(c *payload, device *manifest.Device) error {
	name := device.Certificate.Subject.CommonName
	serial, _, _ := strings.Cut(name, " ")
	if prefixed := len(serial) == usualIDLength+2 || len(serial) == len(c.uniqueID)+2; prefixed && strings.EqualFold(serial[:2], "sn") {
		serial = serial[2:]
	}
	if strings.EqualFold(serial, c.uniqueID) {
		return nil
	}
	if slices.Contains(device.Certificate.Issuer.Organization, organization) {
		return manifest.Errorf(manifest.ReasonIdentityMismatch,
			"the certificate is for %s, but the entry is for chip %s", manifest.Quote(name), c.uniqueID)
	}
	if len(serial) == usualIDLength && isUniqueID(serial) {
		device.Warn(manifest.ReasonIdentityMismatch,
			fmt.Sprintf("the common name %s has the form of a chip's serial number, but is not that of chip %s", manifest.Quote(name), c.uniqueID))
	}
	return nil
}

// organization is the name of Microchip's certification authorities.
const organization = "Microchip Technology Inc"
