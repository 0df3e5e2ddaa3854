package azure

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/objects"
)

// maxID is the number of characters that Azure gives the ID of a device, a registration or a group.
// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-identity-registry#device-identity-properties
const maxID = 128

// A reader reads records. It is not safe for concurrent use.
type reader struct {
	parser objects.Parser
	found  members
	all    fields // of a record, which fill in found
}

// members are what one record has.
type members struct {
	id, deviceID, moduleID, registrationID, groupID string

	status, provisioningStatus string
	// kind is the type of the authentication, as the record writes it.
	kind string

	attestation bool // an enrollment, and no device of a hub
	// Whether there is something that tells the type of the authentication if the record does not name it.
	keys, tpm, authority bool

	primary, secondary slotMembers
}

type slotMembers struct{ certificate, sha256, sha1, thumbprint string }

// fields are what to do with the members of an object, by their names in lower case.
type fields map[string]func() error

// member returns a function for the members of one object. Others than those of f are passed over.
func (r *reader) member(f fields) func(name []byte) error {
	seen := make(map[string]bool, len(f))
	return func(name []byte) error {
		key := strings.ToLower(string(name))
		use, known := f[key]
		switch {
		case !known:
			return r.parser.Skip()
		case seen[key]:
			return manifest.Errorf(manifest.ReasonDuplicateField, "the name %s occurs twice, in different case", manifest.Quote(string(name)))
		}
		seen[key] = true
		return use()
	}
}

// text returns a function that reads text, or null, into to.
func (r *reader) text(what string, to *string) func() error {
	return func() error {
		if r.parser.Kind() == jsontext.KindNull {
			return r.parser.Skip()
		}
		text, err := r.parser.Text(what)
		*to = string(text)
		return err
	}
}

// id is like text for an ID.
func (r *reader) id(what string, to *string) func() error {
	read := r.text(what, to)
	return func() error {
		err := read()
		if err == nil && len(*to) > maxID {
			*to = ""
			err = manifest.Errorf(manifest.ReasonBadID, "%s is longer than %d characters", what, maxID)
		}
		return err
	}
}

// presence returns a function that notes a value that is neither null, empty text nor an object of such, without
// keeping anything of it.
func (r *reader) presence(to *bool) func() error {
	return func() error {
		value, err := r.parser.Value()
		if err != nil {
			return err
		}
		d := jsontext.NewDecoder(bytes.NewReader(value))
		for {
			token, err := d.ReadToken()
			if err != nil {
				return nil //nolint:nilerr // the parser has read it
			}
			of, n := d.StackIndex(d.StackDepth())
			if name := of == jsontext.KindBeginObject && n%2 == 1; !name && token.Kind() == jsontext.KindString && token.String() != "" {
				*to = true
			}
		}
	}
}

// nested returns a function that reads an object, or null.
func (r *reader) nested(what string, f fields) func() error {
	return func() error {
		if r.parser.Kind() == jsontext.KindNull {
			return r.parser.Skip()
		}
		return r.parser.Object(what, nil, r.member(f))
	}
}

// thumbprints returns the members of x509Thumbprint.
func (r *reader) thumbprints() func() error {
	m := &r.found
	return r.nested("x509Thumbprint", fields{
		"primarythumbprint":   r.text("primaryThumbprint", &m.primary.thumbprint),
		"secondarythumbprint": r.text("secondaryThumbprint", &m.secondary.thumbprint),
	})
}

// certificates returns the members of clientCertificates.
func (r *reader) certificates() func() error {
	slot := func(what string, s *slotMembers) func() error {
		return r.nested(what, fields{
			"certificate": r.text("certificate", &s.certificate),
			"info": r.nested("info", fields{
				"sha256thumbprint": r.text("sha256Thumbprint", &s.sha256),
				"sha1thumbprint":   r.text("sha1Thumbprint", &s.sha1),
			}),
		})
	}
	m := &r.found
	return r.nested("clientCertificates", fields{"primary": slot("primary", &m.primary), "secondary": slot("secondary", &m.secondary)})
}

// fields returns the members of a record of either service.
func (r *reader) fields() fields {
	m := &r.found
	attestation := r.nested("attestation", fields{
		"type": r.text("type", &m.kind), "symmetrickey": r.presence(&m.keys), "tpm": r.presence(&m.tpm),
		"x509": r.nested("x509", fields{
			"clientcertificates":  r.certificates(),
			"signingcertificates": r.presence(&m.authority), "careferences": r.presence(&m.authority),
		}),
	})
	return fields{
		"id": r.id("id", &m.id), "deviceid": r.id("deviceId", &m.deviceID), "moduleid": r.id("moduleId", &m.moduleID),
		"registrationid": r.id("registrationId", &m.registrationID), "enrollmentgroupid": r.id("enrollmentGroupId", &m.groupID),
		"status": r.text("status", &m.status), "provisioningstatus": r.text("provisioningStatus", &m.provisioningStatus),
		"attestation": func() error {
			m.attestation = true
			return attestation()
		},
		"authenticationtype": r.text("authenticationType", &m.kind), "x509thumbprint": r.thumbprints(),
		"authentication": r.nested("authentication", fields{
			"type": r.text("type", &m.kind), "symmetrickey": r.presence(&m.keys), "x509thumbprint": r.thumbprints(),
		}),
	}
}

// record reads a record.
func (r *reader) record(raw []byte, to *Record) error {
	if r.all == nil {
		r.all = r.fields()
	}
	r.found = members{}
	m := &r.found
	err := r.parser.Document("the record", raw, nil, r.member(r.all))
	to.RegistrationID, to.DeviceID = cmp.Or(m.registrationID, m.groupID), cmp.Or(m.deviceID, m.id)
	to.Module = m.moduleID != ""
	if to.Service = Hub; m.attestation || to.RegistrationID != "" {
		to.Service = DPS
	}
	switch {
	case err != nil:
		return err
	case to.Name() == "":
		return manifest.Errorf(manifest.ReasonBadID, "the record has neither deviceId nor registrationId")
	}
	if to.Disabled, err = m.disabled(); err != nil {
		return err
	}
	if to.Primary, err = m.primary.slot(); err != nil {
		return fmt.Errorf("primary: %w", err)
	}
	if to.Secondary, err = m.secondary.slot(); err != nil {
		return fmt.Errorf("secondary: %w", err)
	}
	if to.Primary.Thumbprint == to.Secondary.Thumbprint {
		to.Secondary = Slot{}
	}
	to.Proof, err = m.proof(!to.Primary.Thumbprint.IsZero() || !to.Secondary.Thumbprint.IsZero())
	return err
}

// disabled reports whether the device may not connect.
func (m *members) disabled() (bool, error) {
	switch status := cmp.Or(m.status, m.provisioningStatus); strings.ToLower(status) {
	case "disabled":
		return true, nil
	case "enabled", "":
		return false, nil
	default:
		return false, manifest.Errorf(manifest.ReasonMalformedEntry, "the status %s is neither enabled nor disabled", manifest.Quote(status))
	}
}

// proof returns how the device proves who it is. Known reports whether the record has a thumbprint.
func (m *members) proof(known bool) (Proof, error) {
	byThumbprint := ProofNone
	switch {
	case m.authority || known && m.groupID != "":
		byThumbprint = ProofAuthority
	case known:
		byThumbprint = ProofThumbprint
	}
	switch strings.ToLower(m.kind) {
	case "x509", "selfsigned":
		return byThumbprint, nil
	case "certificateauthority":
		return ProofAuthority, nil
	case "symmetrickey", "sas":
		return ProofSymmetricKey, nil
	case "tpm":
		return ProofTPM, nil
	case "none":
		return ProofNone, nil
	case "":
	default:
		return "", manifest.Errorf(manifest.ReasonMalformedEntry, "the type %s of the authentication is unknown", manifest.Quote(m.kind))
	}
	switch {
	case byThumbprint != ProofNone:
		return byThumbprint, nil
	case m.keys:
		return ProofSymmetricKey, nil
	case m.tpm:
		return ProofTPM, nil
	}
	return ProofNone, nil
}

// slot returns the certificate, or its thumbprint: the SHA-256 one if the record has both.
func (s *slotMembers) slot() (slot Slot, err error) {
	if slot.Thumbprint, err = ParseThumbprint(cmp.Or(s.sha256, s.sha1, s.thumbprint)); err != nil || s.certificate == "" {
		return slot, err
	}
	parsed, err := armour.Parse([]byte(strings.TrimSpace(s.certificate)))
	if err != nil {
		return slot, err
	}
	if slot.Certificate, err = armour.Leaf(parsed); err != nil {
		return slot, err
	}
	given := slot.Thumbprint
	long, short := ThumbprintsOf(slot.Certificate.Raw)
	if !given.IsZero() && given != long && given != short {
		return slot, manifest.Errorf(manifest.ReasonIdentityMismatch, "the %s thumbprint is not that of the certificate", given.Kind())
	}
	slot.Thumbprint = long
	return slot, nil
}
