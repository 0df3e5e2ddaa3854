package microchip

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/objects"
)

// A judge turns the raw text of entries into devices or rejections. Each worker
// has its own; a judge is not safe for concurrent use.
type judge struct {
	parser  parser
	issuers issuers

	payload   []byte // decoded; reused
	protected protectedCache

	options *manifest.Options // shared, read-only
	depth   int               // how deep JSON may nest
	signers *registry         // shared, read-only
}

// decode fills in the device. who names the chip in messages, as far as the entry could be read.
func (j *judge) decode(raw []byte, device *manifest.Device) (who string, err error) {
	if err := j.parser.ScreenKeys(raw, j.depth); err != nil {
		return "", err
	}
	e, err := j.readEnvelope(raw)
	// The code below decodes and scans the parts of a normal entry.
	if (err != nil || len(e.unknown) > 0 || len(e.names) > 1) && manifest.HasPrivateKey(raw) {
		return "", objects.PrivateKey(objects.PrivateKeyText)
	}
	if err != nil {
		return "", err
	}
	if isUniqueID(e.uniqueID) {
		who = "chip that calls itself " + strings.ToLower(e.uniqueID)
	}
	h, err := j.openParts(e)
	if err != nil {
		return who, err
	}
	device.Signer = h.signerID()
	by, err := e.verify(h, j.signers)
	if err != nil {
		return who, err
	}
	// From here on, the payload is what the signer wrote.
	c, err := j.parser.parsePayload(j.payload)
	if c.uniqueID != "" {
		device.ID = c.uniqueID
		who = "chip " + c.uniqueID
	}
	if err != nil {
		return who, err
	}
	if e.hasID && !strings.EqualFold(e.uniqueID, c.uniqueID) {
		return who, manifest.Errorf(manifest.ReasonIdentityMismatch,
			"the header calls the chip %s, the signed payload %s", manifest.Quote(e.uniqueID), c.uniqueID)
	}
	warnUnknown(device, e.unknown, c.unknown)
	if len(c.uniqueID) != usualIDLength {
		device.Warn(manifest.ReasonOddID, fmt.Sprintf("the unique ID has %d bytes; those of Microchip's chips have nine", len(c.uniqueID)/2))
	}
	if manifest.IsCA(by.certificate) {
		device.Warn(manifest.ReasonCASigner, "the signer "+by.name()+" is a CA certificate")
	}
	if err := checkTimestamp(c, by, j.options.AllowLateSignature, device); err != nil {
		return who, err
	}
	return who, j.certificate(c, device)
}

// A protectedCache keeps the last parsed protected header, which is the same for
// all entries of a signer.
type protectedCache struct {
	text   []byte
	header *protectedHeader
}

// openParts decodes payload and protected header. It scans both for private keys,
// even if one of them is faulty.
func (j *judge) openParts(e *envelope) (*protectedHeader, error) {
	var badPayload error
	j.payload, badPayload = decodePart(j.payload, namePayload, e.payload)
	if err := j.parser.Screen(j.payload, j.depth); err != nil {
		return nil, err
	}
	if j.protected.header != nil && bytes.Equal(j.protected.text, e.protected) {
		return j.protected.header, badPayload
	}
	protected, badHeader := decodePart(nil, "protected header", e.protected)
	if err := j.parser.Screen(protected, j.depth); err != nil {
		return nil, err
	}
	if err := cmp.Or(badPayload, badHeader); err != nil {
		return nil, err
	}
	h, err := j.parser.parseProtected(protected)
	if err != nil {
		return nil, err
	}
	j.protected = protectedCache{text: bytes.Clone(e.protected), header: h}
	return h, nil
}

// certificate sets the device's certificate from a verified payload.
func (j *judge) certificate(c *payload, device *manifest.Device) error {
	key, err := chooseKey(c, j.options.Slot)
	if err != nil {
		return err
	}
	leaf, issuer, err := j.readLeaf(key)
	if err != nil {
		return err
	}
	device.Certificate = leaf
	switch {
	case issuer == nil:
		device.Warn(manifest.ReasonNoIssuer, "no issuer follows the certificate in x5c, so only the signature of the entry vouches for it")
	case leaf.NotAfter.After(issuer.NotAfter):
		device.Warn(manifest.ReasonOutlivesIssuer,
			fmt.Sprintf("the certificate is valid until %s, its issuer until %s", day(leaf.NotAfter), day(issuer.NotAfter)))
	}
	if err := checkIdentity(c, device); err != nil {
		return err
	}
	device.Attributes = map[string]string{manifest.AttributeUniqueID: c.uniqueID, manifest.AttributeSlot: string(key.slot)}
	if c.partNumber != "" {
		device.Attributes[manifest.AttributePartNumber] = c.partNumber
	}
	if mac := macOf(leaf); mac != "" {
		device.Attributes[manifest.AttributeMAC] = mac
	}
	return j.options.Admit(device)
}

func warnUnknown(device *manifest.Device, envelope, payload []string) {
	for _, u := range []struct {
		what  string
		names []string
	}{{"entry", envelope}, {"payload", payload}} {
		switch len(u.names) {
		case 0:
		case 1:
			device.Warn(manifest.ReasonUnknownField,
				fmt.Sprintf("the %s has a member %s, which the format does not have", u.what, manifest.Quote(u.names[0])))
		default:
			device.Warn(manifest.ReasonUnknownField,
				fmt.Sprintf("the %s has %d members that the format does not have; the first is %s", u.what, len(u.names), manifest.Quote(u.names[0])))
		}
	}
}

// mangled returns the error for a file that was damaged as text.
func mangled(what string) error {
	return manifest.Errorf(manifest.ReasonCorrupt, "the file is damaged: %s inside an entry", what)
}

// readEnvelope parses an entry. Text that is not UTF-8, or escapes that stand for
// no character, mean that the file is damaged, which ends the manifest. Inside the
// three base64url values such damage affects only this entry.
func (j *judge) readEnvelope(raw []byte) (*envelope, error) {
	if bytes.IndexByte(raw, 0) >= 0 {
		return nil, mangled("a NUL byte")
	}
	e, strict := j.parser.parseEnvelope(raw)
	lenient := jsontext.AllowInvalidUTF8(true)
	if strict == nil || !jsontext.Value(raw).IsValid(lenient) || jsontext.Value(raw).IsValid() {
		return e, strict
	}
	pass := func(*envelope) error { return j.parser.Skip() }
	if e, err := j.parser.parseMembers(raw, pass, lenient); err == nil {
		for _, part := range e.parts() {
			if _, err := decodePart(nil, part.name, part.text); err != nil {
				return nil, err
			}
		}
	}
	return nil, mangled("text that is not UTF-8")
}
