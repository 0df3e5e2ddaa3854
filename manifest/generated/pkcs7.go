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
	authorities := authoritiesIn(found.Elements)
	var units []unit
	for i, element := range found.Elements {
		if authorities[i] {
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

// authoritiesIn reports which of the elements are certificates of authorities that issued others of them. It keeps
// hashes, because a container may have tens of thousands of certificates.
func authoritiesIn(elements [][]byte) []bool {
	type name = [sha256.Size]byte
	issuers, subjects, authorities := map[name]bool{}, make([]name, len(elements)), make([]bool, len(elements))
	for i, element := range elements {
		certificate, err := manifest.ParseCertificate(element)
		if err != nil {
			continue
		}
		subjects[i], authorities[i] = sha256.Sum256(certificate.RawSubject), manifest.IsCA(certificate)
		if !bytes.Equal(certificate.RawIssuer, certificate.RawSubject) {
			issuers[sha256.Sum256(certificate.RawIssuer)] = true
		}
	}
	for i := range authorities {
		authorities[i] = authorities[i] && issuers[subjects[i]]
	}
	return authorities
}
