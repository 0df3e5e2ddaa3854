package generated

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
)

var errLongPKCS7 = manifest.Errorf(manifest.ReasonLimitExceeded,
	"a PKCS #7 container is longer than %d bytes; split it", armour.MaxPKCS7)

// isPKCS7 reports whether text, which begins a PEM block or a line of base64, is a PKCS #7
// container. Windows labels some of them CERTIFICATE.
func isPKCS7(text []byte) bool {
	if !bytes.HasPrefix(text, beginLine) {
		return armour.BeginsPKCS7(start(unwrap(text)))
	}
	if armour.IsPKCS7Label(armour.Label(text)) {
		return true
	}
	_, body, _ := bytes.Cut(text[len(beginLine):], []byte("-----"))
	const lines, enough = 256, 64 // characters
	body = bytes.Join(bytes.Fields(body[:min(len(body), lines)]), nil)
	return armour.BeginsPKCS7(start(body[:min(len(body), enough)/4*4]))
}

// container reads the current PKCS #7 container in DER or BER.
func (r *reader) container() (unit, error) {
	for {
		size, whole := armour.BERSize(r.w.Text())
		switch {
		case whole:
			u := r.passUnit(size, nil)
			u.der = true
			return u, nil
		case r.w.Ended():
			return unit{}, manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of a PKCS #7 container")
		case len(r.w.Text()) > armour.MaxPKCS7:
			return unit{}, errLongPKCS7
		}
		if err := r.w.Fill(); err != nil {
			return unit{}, err
		}
	}
}

// unpack returns the units in a PKCS #7 container, or the unit itself if it is none.
func unpack(u unit) []unit {
	if u.der && !armour.BeginsPKCS7(u.text) || !u.der && !isPKCS7(u.text) {
		return []unit{u}
	}
	der := bytes.Clone(u.text)
	if !u.der {
		if der, u.fault = armour.DER(unwrap(u.text)); u.fault != nil {
			return []unit{u}
		}
	}
	found, err := armour.ParsePKCS7(der)
	if err != nil {
		u.fault = err
		return []unit{u}
	}
	return unitsOf(found, u)
}

// unitsOf returns the units in the container u. The certificates are a set: an authority may stand
// anywhere in it, and one that issued another of them belongs to that.
func unitsOf(found armour.PKCS7, u unit) []unit {
	issuers := issuersIn(found.Elements)
	var units []unit
	for _, element := range found.Elements {
		if certificate, err := manifest.ParseCertificate(element); err == nil && manifest.IsCA(certificate) &&
			issuers[sha256.Sum256(certificate.RawSubject)] {
			continue
		}
		units = append(units, unit{text: element, line: u.line, der: true, unpacked: true})
	}
	what := ""
	switch {
	case found.Lists > 0:
		what = armour.Foreign("X509 CRL")
	case len(units) == 0:
		what = "a PKCS #7 container without certificates of devices"
	}
	if what != "" {
		if u.line > 0 {
			what = fmt.Sprintf("%s on line %d", what, u.line)
		}
		units = append(units, unit{foreign: what, line: u.line, unpacked: true})
	}
	// The container ends with its last unit.
	units[len(units)-1].end = u.end
	return units
}

// issuersIn returns the names of those who issued certificates for others.
func issuersIn(elements [][]byte) map[[sha256.Size]byte]bool {
	names := map[[sha256.Size]byte]bool{}
	for _, element := range elements {
		certificate, err := manifest.ParseCertificate(element)
		if err == nil && !bytes.Equal(certificate.RawIssuer, certificate.RawSubject) {
			names[sha256.Sum256(certificate.RawIssuer)] = true
		}
	}
	return names
}
