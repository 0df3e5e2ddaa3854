package manifest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Admit checks the leaf certificate of a device against the rules of AWS IoT. It
// sets CertificateID, ThingName and, if it is empty, ID. Every decoder calls it
// last. Its errors have a [Reason]; the decoder adds the place.
func (o *Options) Admit(d *Device) error {
	if err := o.checkLeaf(d); err != nil {
		return err
	}
	d.CertificateID = CertificateIDOf(d.Certificate.Raw)
	if d.ID == "" {
		// A certificate without a CN has no ID. The template may name the thing
		// after another field.
		d.ID, _ = CommonName(d.Certificate)
		d.IDIsCN = true
	}
	name, err := o.ThingName.Expand(d)
	if err != nil {
		return err
	}
	if !validThingName(name) {
		return Errorf(ReasonBadName, "thing name %s: AWS IoT takes 1 to 128 characters of a-z A-Z 0-9 : _ -", Quote(name))
	}
	if strings.ContainsRune(name, ':') {
		d.Warn(ReasonDiscouragedName, "thing name "+name+": AWS advises against colons in thing names")
	}
	d.ThingName = name
	return nil
}

func (o *Options) checkLeaf(d *Device) error {
	leaf := d.Certificate
	switch {
	case IsCA(leaf) && !o.AllowCA:
		return Errorf(ReasonCACertificate,
			"the certificate of %s belongs to a certification authority, not to a device", Quote(leaf.Subject.CommonName))
	case IsCA(leaf):
		d.Warn(ReasonCACertificate, "the certificate says that it belongs to a certification authority (CA:TRUE)")
	}
	if isEndorsementKey(leaf) {
		return Errorf(ReasonEndorsementKey, "the certificate is for the endorsement key of a TPM, which can decrypt but not sign, "+
			"so that no device can connect with it")
	}
	if err := checkKey(leaf); err != nil {
		return err
	}
	if err := checkSignatureAlgorithm(leaf); err != nil {
		return err
	}
	if err := o.checkValidity(d); err != nil {
		return err
	}
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) > 0 && !allowsClientAuth(leaf) {
		d.Warn(ReasonOddExtKeyUsage, "the extended key usage does not name client authentication")
	}
	if odd := oddSerial(leaf.SerialNumber); odd != "" {
		d.Warn(ReasonOddSerial, "the serial number is "+odd+" (RFC 5280, 4.1.2.2)")
	}
	if hasUniversalString(leaf) {
		d.Warn(ReasonOddEncoding, "a name in the certificate is a UniversalString, which much software cannot read (RFC 5280, 4.1.2.4)")
	}
	return nil
}

// Object identifiers of the TCG EK Credential Profile 2.5, 3.
var (
	oidEKCertificate   = asn1.ObjectIdentifier{2, 23, 133, 8, 1} // tcg-kp-EKCertificate, 3.2.16
	oidTPMManufacturer = []byte{0x06, 0x05, 0x67, 0x81, 0x05, 0x02, 0x01}
	oidSubjectAltName  = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// isEndorsementKey reports whether a certificate is that of a TPM's endorsement key: it says so, or
// it names the TPM's manufacturer and its key may not sign. Attestation keys name the manufacturer, too.
func isEndorsementKey(leaf *x509.Certificate) bool {
	if slices.ContainsFunc(leaf.UnknownExtKeyUsage, oidEKCertificate.Equal) {
		return true
	}
	if leaf.KeyUsage == 0 || leaf.KeyUsage&x509.KeyUsageDigitalSignature != 0 {
		return false
	}
	return slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool {
		return e.Id.Equal(oidSubjectAltName) && bytes.Contains(e.Value, oidTPMManufacturer)
	})
}

// oddSerial returns what RFC 5280 forbids to authorities in a serial number; mostly "".
func oddSerial(serial *big.Int) string {
	switch {
	case serial.Sign() < 0:
		return "negative"
	case serial.Sign() == 0:
		return "zero"
	case serial.BitLen() > 160:
		return "longer than 20 bytes"
	}
	return ""
}

// checkKey checks the key against the AWS IoT Developer Guide's list for X.509
// client certificates.
func checkKey(leaf *x509.Certificate) error {
	if err := checkKeyCost(leaf.PublicKey); err != nil {
		return err
	}
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return Errorf(ReasonUnsupportedKey, "RSA key of %d bits: AWS IoT takes 2048 bits or more", key.N.BitLen())
		}
		if key.E < 3 {
			return Errorf(ReasonUnsupportedKey, "RSA key with public exponent %d", key.E)
		}
		return nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return Errorf(ReasonUnsupportedKey, "EC key on %s: AWS IoT takes P-256, P-384 and P-521", key.Curve.Params().Name)
	}
	return Errorf(ReasonUnsupportedKey, "key of type %s: AWS IoT takes RSA and EC (P-256, P-384, P-521)", leaf.PublicKeyAlgorithm)
}

func checkSignatureAlgorithm(leaf *x509.Certificate) error {
	switch leaf.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.DSAWithSHA256:
		return nil
	}
	return Errorf(ReasonUnsupportedSigAlg,
		"signed with %s: AWS IoT takes SHA-256, SHA-384 and SHA-512 with RSA or ECDSA", leaf.SignatureAlgorithm)
}

func (o *Options) checkValidity(d *Device) error {
	leaf, now := d.Certificate, o.now()
	switch {
	case leaf.NotAfter.Before(leaf.NotBefore):
		return Errorf(ReasonBadValidity, "the validity ends on %s, before it begins on %s", day(leaf.NotAfter), day(leaf.NotBefore))
	case now.After(leaf.NotAfter) && !o.AllowExpired:
		return Errorf(ReasonExpired, "the certificate expired on %s", day(leaf.NotAfter))
	case now.After(leaf.NotAfter):
		d.Warn(ReasonExpired, "the certificate expired on "+day(leaf.NotAfter))
	case now.Before(leaf.NotBefore):
		d.Warn(ReasonNotYetValid, "the certificate is not valid before "+day(leaf.NotBefore))
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func allowsClientAuth(leaf *x509.Certificate) bool {
	return slices.ContainsFunc(leaf.ExtKeyUsage, func(usage x509.ExtKeyUsage) bool {
		return usage == x509.ExtKeyUsageClientAuth || usage == x509.ExtKeyUsageAny
	})
}

// nameCharacters are the characters that AWS IoT accepts in the name of a thing.
const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-"

func validThingName(name string) bool {
	return name != "" && len(name) <= 128 && strings.Trim(name, nameCharacters) == ""
}
