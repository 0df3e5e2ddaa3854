package policy

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"net"
	"slices"
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

// fieldOIDs are the last parts of the object identifiers 2.5.4.x (X.520), by field.
var fieldOIDs = [...]int{
	DistinguishedNameQualifier: 46, Country: 6, Organization: 10, OrganizationalUnit: 11, State: 8, CommonName: 3, SerialNumber: 5,
	Title: 12, Surname: 4, GivenName: 42, Initials: 43, Pseudonym: 65, GenerationQualifier: 44,
}

// NewCertificate returns what policies can ask of an X.509 certificate.
func NewCertificate(certificate *x509.Certificate) *Certificate {
	all := CertificateReader{id: true, serial: true, subject: true, issuer: true, alternatives: true}
	return all.Read(sha256.Sum256(certificate.Raw), certificate)
}

// A CertificateReader reads what documents ask of certificates, and no more. It must not be used
// concurrently.
type CertificateReader struct {
	id, serial, subject, issuer, alternatives bool
	certificate                               Certificate
}

// NewCertificateReader returns a reader for documents.
func NewCertificateReader(documents []*Document) *CertificateReader {
	r := &CertificateReader{}
	for _, d := range documents {
		for _, s := range d.Statements {
			for _, resource := range s.Resources {
				r.ask(resource.Text)
			}
			for _, condition := range s.Conditions {
				r.ask(condition.Key)
				for _, value := range condition.Values {
					r.ask(value)
				}
			}
		}
	}
	return r
}

// ask adds what a text of a document asks for.
func (r *CertificateReader) ask(text string) {
	text = strings.ToLower(text)
	has := func(part string) bool { return strings.Contains(text, part) }
	keys := has("iot:certificate.availablekeys")
	r.id = r.id || has("iot:certificateid")
	r.serial = r.serial || keys || has("iot:certificate.serialnumber")
	r.subject = r.subject || keys || has("iot:certificate.subject.")
	r.issuer = r.issuer || keys || has("iot:certificate.issuer.")
	r.alternatives = r.alternatives || keys || has(".alternativename.")
}

// Asks reports whether the documents ask anything of certificates.
func (r *CertificateReader) Asks() bool { return r.id || r.serial || r.subject || r.issuer }

// Read returns what the documents ask of a certificate, of which fingerprint is the SHA-256, and its dates
// and the mark of its key. The result is valid until the next call.
func (r *CertificateReader) Read(fingerprint [sha256.Size]byte, certificate *x509.Certificate) *Certificate {
	c := &r.certificate
	c.NotBefore, c.NotAfter = certificate.NotBefore, certificate.NotAfter
	key, isRSA := certificate.PublicKey.(*rsa.PublicKey)
	c.ROCA = isRSA && hasROCAMark(key.N)
	if r.id {
		c.ID = hex.EncodeToString(fingerprint[:])
	}
	if r.serial {
		c.SerialNumber = ""
		if certificate.SerialNumber != nil {
			c.SerialNumber = certificate.SerialNumber.Text(16)
		}
	}
	if r.subject {
		c.Subject.clear()
		c.Subject.addNames(certificate.Subject.Names)
	}
	if r.issuer {
		c.Issuer.clear()
		c.Issuer.addNames(certificate.Issuer.Names)
	}
	if r.alternatives {
		for _, extension := range certificate.Extensions {
			switch {
			case r.subject && extension.Id.Equal(subjectAlternatives):
				c.Subject.addAlternatives(extension.Value)
			case r.issuer && extension.Id.Equal(issuerAlternatives):
				c.Issuer.addAlternatives(extension.Value)
			}
		}
	}
	return c
}

// The extensions with alternative names (RFC 5280, sections 4.2.1.6 and 4.2.1.7).
var (
	subjectAlternatives = asn1.ObjectIdentifier{2, 5, 29, 17}
	issuerAlternatives  = asn1.ObjectIdentifier{2, 5, 29, 18}
)

// clear removes all values, and keeps their memory.
func (n *Name) clear() {
	for field := range n {
		n[field] = n[field][:0]
	}
}

func (n *Name) addNames(names []pkix.AttributeTypeAndValue) {
	for _, name := range names {
		oid := name.Type
		if len(oid) != 4 || oid[0] != 2 || oid[1] != 5 || oid[2] != 4 {
			continue
		}
		field := slices.Index(fieldOIDs[:], oid[3])
		if value, text := name.Value.(string); field >= 0 && text {
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
