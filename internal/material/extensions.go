package material

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/bits"
)

// An attribute is one part of a name.
type attribute struct {
	oid   asn1.ObjectIdentifier
	value string
}

// Types of attributes (RFC 5280, appendix A.1).
var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSerialNumber = asn1.ObjectIdentifier{2, 5, 4, 5}
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidLocality     = asn1.ObjectIdentifier{2, 5, 4, 7}
	oidState        = asn1.ObjectIdentifier{2, 5, 4, 8}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidUnit         = asn1.ObjectIdentifier{2, 5, 4, 11}
)

// testOrganization is the organization of every issuer and subject that has one.
var testOrganization = attribute{oidOrganization, testMaterial}

func common(name string) attribute   { return attribute{oidCommonName, name} }
func country(code string) attribute  { return attribute{oidCountry, code} }
func locality(name string) attribute { return attribute{oidLocality, name} }
func state(name string) attribute    { return attribute{oidState, name} }
func unit(name string) attribute     { return attribute{oidUnit, name} }

// marshalName keeps the order of the attributes, unlike [pkix.Name].
func marshalName(name []attribute) []byte {
	type typeAndValue struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	type relativeNameSET []typeAndValue // the name makes encoding/asn1 write a SET
	sequence := make([]relativeNameSET, 0, len(name))
	for _, a := range name {
		tag := asn1.TagUTF8String
		if a.oid.Equal(oidCountry) || a.oid.Equal(oidSerialNumber) {
			tag = asn1.TagPrintableString
		}
		sequence = append(sequence, relativeNameSET{{a.oid, asn1.RawValue{Tag: tag, Bytes: []byte(a.value)}}})
	}
	return must(asn1.Marshal(sequence))
}

// extension makes an extension from a value that can always be marshalled.
func extension(oid asn1.ObjectIdentifier, critical bool, value any) pkix.Extension {
	return pkix.Extension{Id: oid, Critical: critical, Value: must(asn1.Marshal(value))}
}

func basicConstraints(ca bool) pkix.Extension {
	return extension(asn1.ObjectIdentifier{2, 5, 29, 19}, true, struct {
		CA bool `asn1:"optional"`
	}{ca})
}

func keyUsage(usage x509.KeyUsage) pkix.Extension {
	// Bit 0 of the usage is the first bit of the string, its highest.
	value := []byte{bits.Reverse8(byte(usage))}
	length := bits.Len8(byte(usage))
	return extension(asn1.ObjectIdentifier{2, 5, 29, 15}, true, asn1.BitString{Bytes: value, BitLength: length})
}

// digitalSignatureByte returns the key usage digitalSignature as Infineon encodes
// it: as a whole byte, although DER omits trailing zero bits.
func digitalSignatureByte() pkix.Extension {
	return extension(asn1.ObjectIdentifier{2, 5, 29, 15}, true, asn1.BitString{Bytes: []byte{0x80}, BitLength: 8})
}

func extKeyUsage(purposes ...int) pkix.Extension {
	var list []asn1.ObjectIdentifier
	for _, p := range purposes {
		list = append(list, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, p})
	}
	return extension(asn1.ObjectIdentifier{2, 5, 29, 37}, false, list)
}

// Purposes for extKeyUsage.
const (
	serverAuth      = 1
	clientAuth      = 2
	emailProtection = 4
)

func subjectKeyID(key any) pkix.Extension {
	return extension(asn1.ObjectIdentifier{2, 5, 29, 14}, false, KeyID(key))
}

func authorityKeyID(key any) pkix.Extension {
	return extension(asn1.ObjectIdentifier{2, 5, 29, 35}, false, struct {
		ID []byte `asn1:"optional,tag:0"`
	}{KeyID(key)})
}

// testMark marks a certificate as one of this package with a comment, which openssl prints:
// https://docs.openssl.org/3.5/man5/x509v3_config/#netscape-comment
func testMark() pkix.Extension {
	oidComment := asn1.ObjectIdentifier{2, 16, 840, 1, 113730, 1, 13}
	return pkix.Extension{
		Id: oidComment, Value: must(asn1.MarshalWithParams(testMaterial+", not for devices of a product", "ia5")),
	}
}

// DirectoryName returns a subject alternative name with a directory name of one
// serialNumber, as Microchip writes it.
func DirectoryName(serial string) pkix.Extension {
	return extension(asn1.ObjectIdentifier{2, 5, 29, 17}, false, []asn1.RawValue{
		{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: marshalName([]attribute{{oidSerialNumber, serial}})},
	})
}

func policies(oid asn1.ObjectIdentifier) pkix.Extension {
	type policy struct{ ID asn1.ObjectIdentifier }
	return extension(asn1.ObjectIdentifier{2, 5, 29, 32}, false, []policy{{oid}})
}

func issuerURL(url string) pkix.Extension {
	type access struct {
		Method   asn1.ObjectIdentifier
		Location asn1.RawValue
	}
	return extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}, false, []access{
		{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 2}, uri(url)},
	})
}

func crlURL(url string) pkix.Extension {
	type point struct {
		Name struct {
			Full []asn1.RawValue `asn1:"optional,tag:0"`
		} `asn1:"optional,tag:0"`
	}
	var p point
	p.Name.Full = []asn1.RawValue{uri(url)}
	return extension(asn1.ObjectIdentifier{2, 5, 29, 31}, false, []point{p})
}

func uri(url string) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(url)}
}

// pathLengthZero returns the basic constraints of a CA that issues only leaves.
func pathLengthZero() pkix.Extension {
	return extension(asn1.ObjectIdentifier{2, 5, 29, 19}, true, struct {
		CA     bool
		Length int
	}{true, 0})
}
