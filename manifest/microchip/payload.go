package microchip

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/objects"
)

var payloadNames = []string{
	"version", "model", "partNumber", "manufacturer", "provisioner", "distributor", "distributer", "groupId",
	"provisioningTimestamp", "uniqueId", "publicKeySet", "encryptedSecretKeySet", "modelInfo",
}

// A payload is the signed content of an entry: the SecureElement object of the
// Trust Platform Manifest File Format.
type payload struct {
	version    string // as written
	uniqueID   string // lower-case hex
	partNumber string
	timestamp  string // RFC 3339; "" if there is no such text
	keys       []jwk
	unknown    []string // members that the format does not have
}

// Versions of the payload. Lite has no keys or certificates.
const (
	versionFull1 = "1"
	versionLite  = "2"
	versionFull3 = "3"
)

// parsePayload reads the verified payload. Its keys alias text. If an error occurs
// after the ID was read, parsePayload returns the payload as well.
func (p *parser) parsePayload(text []byte) (*payload, error) {
	c := &payload{}
	p.keys = p.keys[:0]
	var id string
	err := p.Document("the payload", text, payloadNames, func(name []byte) error {
		switch string(name) {
		case "version":
			if kind := p.Kind(); kind != jsontext.KindNumber {
				return manifest.Errorf(manifest.ReasonUnsupportedVersion, "the version of the payload is %s and not a number", objects.Describe(kind))
			}
			value, err := p.Value()
			c.version = string(value)
			return err
		case "uniqueId":
			return p.setText(&id, "uniqueId")
		case "partNumber":
			return p.setText(&c.partNumber, "partNumber")
		case "provisioningTimestamp":
			// Anything but a string is unreadable and leads to a warning, as if it were missing.
			if p.Kind() == jsontext.KindString {
				return p.setText(&c.timestamp, "provisioningTimestamp")
			}
		case "publicKeySet":
			if p.Kind() != jsontext.KindNull {
				return p.parseKeySet(c)
			}
		case "model", "manufacturer", "provisioner", "distributor", "distributer", "groupId", "encryptedSecretKeySet", "modelInfo":
		default:
			c.unknown = append(c.unknown, string(name))
		}
		return p.Skip()
	})
	if isUniqueID(id) {
		c.uniqueID = strings.ToLower(id)
	}
	if err != nil {
		return c, err
	}
	switch c.version {
	case versionFull1, versionLite, versionFull3:
	case "":
		return c, manifest.Errorf(manifest.ReasonUnsupportedVersion, "the payload has no version")
	default:
		return c, manifest.Errorf(manifest.ReasonUnsupportedVersion, "payload version %.20s is not known; supported are 1, 2 and 3", c.version)
	}
	if c.uniqueID == "" {
		return c, manifest.Errorf(manifest.ReasonBadID, "uniqueId is %s; it must be 1 to 32 bytes in hex", manifest.Quote(id))
	}
	return c, nil
}

// usualIDLength is the length of a unique ID in hex digits: nine bytes, the serial
// number of a chip. The format's specification gives no length.
const usualIDLength = 18

// isUniqueID reports whether an ID is 1 to 32 bytes in hex. The factory writes it in
// lower case, some tools in upper case.
func isUniqueID(id string) bool {
	return id != "" && len(id) <= 64 && len(id)%2 == 0 && strings.Trim(id, "0123456789abcdefABCDEF") == ""
}

// checkTimestamp compares the validity of the signer with the time at which the entry
// claims to have been made. The current time does not matter: most signers of chips
// in stock have expired. An entry from before the validity is accepted: the signers
// that Microchip has published leave a gap of three weeks, and the scripts with which
// people make their own signers write the date of the chip's certificate.
func checkTimestamp(c *payload, by *signer, allowLate bool, device *manifest.Device) error {
	if c.timestamp == "" {
		device.Warn(manifest.ReasonNoTimestamp,
			"the entry has no provisioningTimestamp that is text, so the signer's validity at that time was not checked")
		return nil
	}
	at, err := time.Parse(time.RFC3339, c.timestamp)
	if err != nil {
		device.Warn(manifest.ReasonNoTimestamp,
			"provisioningTimestamp "+manifest.Quote(c.timestamp)+" is not a time (RFC 3339), so the signer's validity at that time was not checked")
		return nil
	}
	from, to := by.certificate.NotBefore, by.certificate.NotAfter
	detail := fmt.Sprintf("provisioned on %s, and the signer %s is valid from %s to %s", day(at), by.name(), day(from), day(to))
	switch {
	case at.Before(from):
		device.Warn(manifest.ReasonEarlySignature, detail)
	case at.After(to) && !allowLate:
		return manifest.Errorf(manifest.ReasonSignerNotValid, "%s", detail)
	case at.After(to):
		device.Warn(manifest.ReasonSignerNotValid, detail)
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
