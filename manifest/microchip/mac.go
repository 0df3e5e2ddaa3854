package microchip

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"strings"
)

// A rdnSET is one relative distinguished name (RFC 5280, 4.1.2.4). The name of the
// type makes encoding/asn1 read a SET.
type rdnSET []struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

var (
	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidSerialNumber   = asn1.ObjectIdentifier{2, 5, 4, 5}
)

const eui48 = "eui48_"

// macOf returns the MAC address in a Trust&GO certificate: twelve upper-case hex
// digits. It is the serialNumber of a directory name in the subject alternative
// name, such as eui48_E8EB1B200D0A. macOf returns "" if there is none, or only the
// zeros of parts without an address.
func macOf(leaf *x509.Certificate) string {
	for _, extension := range leaf.Extensions {
		if !extension.Id.Equal(oidSubjectAltName) || !bytes.Contains(extension.Value, []byte(eui48)) {
			continue
		}
		var names []asn1.RawValue
		if _, err := asn1.Unmarshal(extension.Value, &names); err != nil {
			return ""
		}
		for _, name := range names {
			if name.Class == asn1.ClassContextSpecific && name.Tag == 4 {
				if mac := macInDirectoryName(name.Bytes); mac != "" {
					return mac
				}
			}
		}
	}
	return ""
}

func macInDirectoryName(der []byte) string {
	var name []rdnSET
	if _, err := asn1.Unmarshal(der, &name); err != nil {
		return ""
	}
	for _, set := range name {
		for _, attribute := range set {
			digits, ok := strings.CutPrefix(string(attribute.Value.Bytes), eui48)
			if ok && attribute.Type.Equal(oidSerialNumber) && isMAC(digits) {
				return strings.ToUpper(digits)
			}
		}
	}
	return ""
}

func isMAC(digits string) bool {
	return len(digits) == 12 && strings.Trim(digits, "0123456789abcdefABCDEF") == "" && strings.Trim(digits, "0") != ""
}
