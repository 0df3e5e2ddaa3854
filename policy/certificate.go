package policy

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"net"
	"strings"
	"time"
)

// A Certificate is what policies and [Lint] can ask of a certificate.
type Certificate struct {
	// ID is the ID in the registry: the SHA-256 of the certificate in hexadecimal.
	ID string
	// SerialNumber is the serial number. AWS documents no form; [NewCertificate] writes it in
	// hexadecimal, and decisions that depend on it have [QuestionSerialNumber].
	SerialNumber string
	Subject      Name
	Issuer       Name
	// NotBefore and NotAfter are the dates of the certificate. The zero value is unknown.
	NotBefore, NotAfter time.Time
	// ROCA is true if the key has the mark of keys that can be factored (CVE-2017-15361).
	ROCA bool
}

// A Name has the values of a subject or an issuer by [Field], in the order of the certificate.
type Name [fieldCount][]string

// A Field is a part of a [Name].
type Field int

// The fields (developer guide, "X.509 Certificate AWS IoT Core policy variables").
const (
	DistinguishedNameQualifier Field = iota
	Country
	OrganizationalUnit
	Organization
	State
	CommonName
	SerialNumber
	Title
	Surname
	GivenName
	Initials
	Pseudonym
	GenerationQualifier
	RFC822Name // this and the following are alternative names
	DNSName
	DirectoryName
	UniformResourceIdentifier
	IPAddress
	fieldCount
)

// fieldNames are the names of the fields in policies.
var fieldNames = [fieldCount]string{
	"DistinguishedNameQualifier", "Country", "OrganizationalUnit", "Organization", "State", "CommonName", "SerialNumber",
	"Title", "Surname", "GivenName", "Initials", "Pseudonym", "GenerationQualifier",
	"AlternativeName.RFC822Name", "AlternativeName.DNSName", "AlternativeName.DirectoryName",
	"AlternativeName.UniformResourceIdentifier", "AlternativeName.IPAddress",
}

// String returns the name of the field in policies, such as CommonName.
func (f Field) String() string {
	if f < 0 || f >= fieldCount {
		return ""
	}
	return fieldNames[f]
}

// FieldNamed returns the field with a name such as AlternativeName.DNSName.
func FieldNamed(name string) (Field, bool) {
	for f, known := range fieldNames {
		if known == name {
			return Field(f), true
		}
	}
	return 0, false
}

// fieldOIDs are the last parts of the object identifiers 2.5.4.x (X.520).
var fieldOIDs = map[int]Field{
	46: DistinguishedNameQualifier, 6: Country, 10: Organization, 11: OrganizationalUnit, 8: State, 3: CommonName, 5: SerialNumber,
	12: Title, 4: Surname, 42: GivenName, 43: Initials, 65: Pseudonym, 44: GenerationQualifier,
}

// NewCertificate returns what policies can ask of an X.509 certificate.
func NewCertificate(certificate *x509.Certificate) *Certificate {
	id := sha256.Sum256(certificate.Raw)
	c := &Certificate{
		ID:        hex.EncodeToString(id[:]),
		NotBefore: certificate.NotBefore, NotAfter: certificate.NotAfter,
	}
	if certificate.SerialNumber != nil {
		c.SerialNumber = certificate.SerialNumber.Text(16)
	}
	if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok {
		c.ROCA = hasROCAMark(key.N)
	}
	c.Subject.addNames(certificate.Subject.Names)
	c.Issuer.addNames(certificate.Issuer.Names)
	for _, extension := range certificate.Extensions {
		switch extension.Id.String() {
		case "2.5.29.17":
			c.Subject.addAlternatives(extension.Value)
		case "2.5.29.18":
			c.Issuer.addAlternatives(extension.Value)
		}
	}
	return c
}

func (n *Name) addNames(names []pkix.AttributeTypeAndValue) {
	for _, name := range names {
		oid := name.Type
		if len(oid) != 4 || oid[0] != 2 || oid[1] != 5 || oid[2] != 4 {
			continue
		}
		field, ok := fieldOIDs[oid[3]]
		if value, text := name.Value.(string); ok && text {
			n[field] = append(n[field], value)
		}
	}
}

// addAlternatives reads GeneralNames (RFC 5280, section 4.2.1.6). It stops where they are broken.
func (n *Name) addAlternatives(der []byte) {
	var names asn1.RawValue
	if _, err := asn1.Unmarshal(der, &names); err != nil || names.Tag != asn1.TagSequence {
		return
	}
	for rest := names.Bytes; len(rest) > 0; {
		var name asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			return
		}
		if name.Class != asn1.ClassContextSpecific {
			continue
		}
		switch name.Tag {
		case 1:
			n[RFC822Name] = append(n[RFC822Name], string(name.Bytes))
		case 2:
			n[DNSName] = append(n[DNSName], string(name.Bytes))
		case 4:
			var directory pkix.RDNSequence
			if _, err := asn1.Unmarshal(name.Bytes, &directory); err == nil {
				n[DirectoryName] = append(n[DirectoryName], directory.String())
			}
		case 6:
			n[UniformResourceIdentifier] = append(n[UniformResourceIdentifier], string(name.Bytes))
		case 7:
			n[IPAddress] = append(n[IPAddress], net.IP(name.Bytes).String())
		}
	}
}

// availableKeys returns the names of the variables that have a value.
func (c *Certificate) availableKeys() (keys []string) {
	if c.SerialNumber != "" {
		keys = append(keys, "iot:Certificate.SerialNumber")
	}
	for field, name := range fieldNames {
		if len(c.Subject[field]) > 0 {
			keys = append(keys, "iot:Certificate.Subject."+name)
		}
		if len(c.Issuer[field]) > 0 {
			keys = append(keys, "iot:Certificate.Issuer."+name)
		}
	}
	return keys
}

// unescape removes the backslashes before the characters that AWS asks to be escaped in the value
// of a condition on a certificate.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && strings.IndexByte(`,"\+=<>;`, text[i+1]) >= 0 {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
