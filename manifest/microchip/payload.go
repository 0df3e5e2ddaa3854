package microchip

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
)

var payloadNames = []string{
	"version", "model", "partNumber", "manufacturer", "provisioner", "distributor", "distributer", "groupId",
	"provisioningTimestamp", "uniqueId", "publicKeySet", "encryptedSecretKeySet", "modelInfo",
}

// A payload is the signed content of an entry: the SecureElement object of the
// Trust Platform Manifest File Format.
type payload struct {
	version    string // as written
	uniqueID   string // eighteen lower-case hex digits
	partNumber string
	timestamp  string // RFC 3339; "" where it is missing
	keys       []jwk
	unknown    []string // members that the format does not have
}

// Versions of the payload. Lite has no keys and no certificates.
const (
	versionFull1 = "1"
	versionLite  = "2"
	versionFull3 = "3"
)

// parsePayload reads the verified payload.
func (p *parser) parsePayload(text []byte) (*payload, error) {
	var c payload
	var id string
	var keySet jsontext.Value
	err := p.object(text, payloadNames, func(name []byte, value jsontext.Value) error {
		switch string(name) {
		case "version":
			c.version = string(value)
		case "uniqueId":
			return setText(&id, value, "uniqueId")
		case "partNumber":
			return setText(&c.partNumber, value, "partNumber")
		case "provisioningTimestamp":
			// What is not a string is not readable either: a warning, as if it were missing.
			if value.Kind() == jsontext.KindString {
				return setText(&c.timestamp, value, "provisioningTimestamp")
			}
		case "publicKeySet":
			keySet = value
		case "model", "manufacturer", "provisioner", "distributor", "distributer", "groupId", "encryptedSecretKeySet", "modelInfo":
		default:
			c.unknown = append(c.unknown, string(name))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch c.version {
	case versionFull1, versionLite, versionFull3:
	case "":
		return nil, manifest.Errorf(manifest.ReasonUnsupportedVersion, "the payload has no version")
	default:
		return nil, manifest.Errorf(manifest.ReasonUnsupportedVersion, "payload version %s is not known; 1, 2 and 3 are", manifest.Quote(c.version))
	}
	if c.uniqueID, err = parseUniqueID(id); err != nil {
		return nil, err
	}
	if keySet != nil && keySet.Kind() != jsontext.KindNull {
		if c.keys, err = p.parseKeySet(keySet); err != nil {
			return &c, err
		}
	}
	return &c, nil
}

func setText(field *string, value jsontext.Value, what string) error {
	text, err := textOf(value, what)
	*field = string(text)
	return err
}

// parseUniqueID takes the serial number of a chip: nine bytes in hex, written
// in lower case by the factory and in upper case by some tools.
func parseUniqueID(id string) (string, error) {
	if !isUniqueID(id) {
		return "", manifest.Errorf(manifest.ReasonBadID, "uniqueId is %s; a chip has eighteen hex digits", manifest.Quote(id))
	}
	return strings.ToLower(id), nil
}

func isUniqueID(id string) bool {
	if len(id) != 18 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// checkTimestamp holds the validity of the signer against the time at which
// the entry says it was made, and not against today: most signers of chips
// that are in stock have expired.
func checkTimestamp(c *payload, by *signer, device *manifest.Device) error {
	if c.timestamp == "" {
		device.Warn(manifest.ReasonNoTimestamp, "the entry has no provisioningTimestamp to hold the signer's validity against")
		return nil
	}
	at, err := time.Parse(time.RFC3339, c.timestamp)
	if err != nil {
		device.Warn(manifest.ReasonNoTimestamp, "provisioningTimestamp "+manifest.Quote(c.timestamp)+" is not a time (RFC 3339), so that the signer's validity was not held against it")
		return nil
	}
	from, to := by.certificate.NotBefore, by.certificate.NotAfter
	if at.Before(from) || at.After(to) {
		return manifest.Errorf(manifest.ReasonSignerNotValid, "provisioned on %s, and the signer %s is valid from %s to %s",
			day(at), by.name(), day(from), day(to))
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
