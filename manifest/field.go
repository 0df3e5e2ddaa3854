package manifest

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"
)

// Prefixes of the fields of a [Template] that come from the certificate's names.
const (
	subjectPrefix = "subject."
	fieldSANDNS   = "san.dns"
)

// subjectFields are the attributes of a subject by their names in a [Template]
// (RFC 4519, 2; RFC 2985, 5.2.1). The CN has a field of its own.
var subjectFields = []subjectField{
	{"serialnumber", asn1.ObjectIdentifier{2, 5, 4, 5}},
	{"uid", asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}},
	{"o", asn1.ObjectIdentifier{2, 5, 4, 10}},
	{"ou", asn1.ObjectIdentifier{2, 5, 4, 11}},
	{"title", asn1.ObjectIdentifier{2, 5, 4, 12}},
	{"name", asn1.ObjectIdentifier{2, 5, 4, 41}},
	{"givenname", asn1.ObjectIdentifier{2, 5, 4, 42}},
	{"surname", asn1.ObjectIdentifier{2, 5, 4, 4}},
	{"pseudonym", asn1.ObjectIdentifier{2, 5, 4, 65}},
	{"dnqualifier", asn1.ObjectIdentifier{2, 5, 4, 46}},
	{"description", asn1.ObjectIdentifier{2, 5, 4, 13}},
	{"c", asn1.ObjectIdentifier{2, 5, 4, 6}},
	{"l", asn1.ObjectIdentifier{2, 5, 4, 7}},
	{"st", asn1.ObjectIdentifier{2, 5, 4, 8}},
	{"street", asn1.ObjectIdentifier{2, 5, 4, 9}},
	{"postalcode", asn1.ObjectIdentifier{2, 5, 4, 17}},
	{"dc", asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}},
	{"emailaddress", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}},
}

type subjectField struct {
	name string
	oid  asn1.ObjectIdentifier
}

// TemplateFields returns the fields that a [Template] may name: {cn}, {id},
// {serial} (the certificate's serial number in hex), {fingerprint} (the
// certificate ID), {ski} (the subject key identifier in hex), {san.dns} (the DNS
// name in the subject alternative name), {subject.serialnumber} and the other
// attributes of the subject, {mac} and the other attributes of a [Device]. A template
// may also name the columns of a table, as in {column.model} or {column.3}.
func TemplateFields() []string {
	fields := []string{
		"cn", "id", "serial", "fingerprint", "ski", fieldSANDNS, AttributeMAC,
		AttributeChipID, AttributeReelID, AttributeBundle, AttributeUniqueID, AttributePartNumber, AttributeSlot,
		AttributeUID, AttributeLabel, AttributeTPMMAC,
	}
	for _, f := range subjectFields {
		fields = append(fields, subjectPrefix+f.name)
	}
	return fields
}

// field returns the value of a field. The error has [ReasonNoName] if there is no
// value, or more than one.
func (d *Device) field(name string) (string, error) {
	var value string
	switch name {
	case "cn":
		return CommonName(d.Certificate)
	case "id":
		value = d.ID
	case "serial":
		value = d.Certificate.SerialNumber.Text(16)
	case "fingerprint":
		value = CertificateIDOf(d.Certificate.Raw).String()
	case "ski":
		value = hex.EncodeToString(d.Certificate.SubjectKeyId)
	case fieldSANDNS:
		return onlyValue(name, d.Certificate.DNSNames)
	default:
		if column, ok := strings.CutPrefix(name, columnPrefix); ok {
			return d.columnField(column)
		}
		if i := slices.IndexFunc(subjectFields, func(f subjectField) bool { return subjectPrefix+f.name == name }); i >= 0 {
			return onlyValue(name, subjectValues(d.Certificate, subjectFields[i].oid))
		}
		value = d.Attributes[name]
	}
	if value == "" {
		return "", noValue(name)
	}
	return value, nil
}

// onlyValue returns the value of a field that a certificate can have several times.
func onlyValue(field string, values []string) (string, error) {
	switch {
	case len(values) > 1:
		return "", Errorf(ReasonNoName, "the certificate has %d values of {%s}; the device's is ambiguous", len(values), field)
	case len(values) == 0 || values[0] == "":
		return "", noValue(field)
	}
	return values[0], nil
}

func noValue(field string) error {
	return Errorf(ReasonNoName, "the entry has no %s to fill {%s} with", field, field)
}

// subjectValues returns the values of an attribute of the subject. A value that is
// not text counts as empty.
func subjectValues(certificate *x509.Certificate, oid asn1.ObjectIdentifier) []string {
	var values []string
	for _, attribute := range certificate.Subject.Names {
		if attribute.Type.Equal(oid) {
			value, _ := attribute.Value.(string)
			values = append(values, value)
		}
	}
	return values
}
