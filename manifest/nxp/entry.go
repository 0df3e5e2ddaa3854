package nxp

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/objects"
)

// Names of members.
const (
	nameDevice       = "deviceId"
	nameCertificates = "deviceCertificates"
	nameIssuers      = "intermediateCAs"
	nameLabel        = "certificateLabel"
	nameCertificate  = "certificate"
)

var (
	entryNames   = []string{nameDevice, nameCertificates, nameIssuers}
	elementNames = []string{nameLabel, nameCertificate}
)

// ownLabel begins the labels of the certificates with which NXP attests its chips.
const ownLabel = "NXP_"

// maxElements is the maximum number of certificates of one device, and of its issuers.
const maxElements = 64

// An element is a certificate with its label. Both alias the entry.
type element struct{ label, text []byte }

// A reader decodes entries. It is not safe for concurrent use.
type reader struct {
	options *manifest.Options
	depth   int
	parser  objects.Parser
	known   map[string]*x509.Certificate // issuers by their text
}

// maxKnown bounds the memory of the known issuers for any manifest.
const maxKnown = 64

// device fills in a device from the text of an entry. If an error occurs after the ID was read, the
// device has it.
func (r *reader) device(raw []byte, d *manifest.Device) error {
	if err := r.parser.Screen(raw, r.depth); err != nil {
		return err
	}
	var certificates, issuers []element
	var id string
	err := r.parser.Document("the entry", raw, entryNames, func(name []byte) (err error) {
		switch string(name) {
		case nameDevice:
			id, err = r.id()
		case nameCertificates:
			certificates, err = r.elements(nameCertificates)
		case nameIssuers:
			issuers, err = r.elements(nameIssuers)
		default:
			err = r.parser.Skip()
		}
		return err
	})
	d.ID = id
	if err != nil {
		return err
	}
	// The manifest is refused whichever certificate is the device's.
	for _, e := range slices.Concat(certificates, issuers) {
		if r.known[string(e.text)] == nil && armour.HoldsPrivateKey(e.text) {
			return manifest.ErrPrivateKey
		}
	}
	chosen, err := choose(certificates, r.options.Label)
	if err != nil {
		return err
	}
	parsed, err := armour.Parse(chosen.text)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", manifest.Quote(string(chosen.label)), err)
	}
	if d.Certificate, err = armour.Leaf(parsed); err != nil {
		return err
	}
	if err := r.verify(d, issuers); err != nil {
		return err
	}
	d.Attributes = map[string]string{manifest.AttributeLabel: string(chosen.label)}
	if id != "" {
		uid, _ := new(big.Int).SetString(id, 10) // which id has checked
		d.Attributes[manifest.AttributeUID] = uid.Text(16)
	}
	return r.options.Admit(d)
}

// maxDigits is that of a UID of 32 bytes; those of NXP's chips have 4 to 18.
const maxDigits = 78

// id reads the UID of the chip, which the API writes as a decimal number: as text, because it has
// more digits than a JSON number keeps in many programs. Zeros before it do not count.
func (r *reader) id() (string, error) {
	value, err := r.parser.Value()
	if err != nil {
		return "", err
	}
	text := string(value)
	switch value.Kind() {
	case jsontext.KindNull:
		return "", nil
	case jsontext.KindNumber:
	case jsontext.KindString:
		unquoted, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return "", manifest.Errorf(manifest.ReasonMalformedEntry, "%s is not valid text", nameDevice)
		}
		text = string(unquoted)
	default:
		return "", manifest.Errorf(manifest.ReasonMalformedEntry, "%s is %s and not a string", nameDevice, objects.Describe(value.Kind()))
	}
	if text == "" || len(text) > maxDigits || strings.Trim(text, "0123456789") != "" {
		return "", manifest.Errorf(manifest.ReasonBadID, "%s is %s and not the UID of a chip as a decimal number", nameDevice,
			manifest.Quote(text))
	}
	n, _ := new(big.Int).SetString(text, 10) // it has only digits
	return n.String(), nil
}

// elements reads an array of certificates. Those that are null or empty are left out.
func (r *reader) elements(what string) (found []element, err error) {
	if r.parser.Kind() == jsontext.KindNull {
		return nil, r.parser.Skip()
	}
	err = r.parser.Array(what, func() error {
		if len(found) == maxElements {
			return manifest.Errorf(manifest.ReasonEntryTooLarge, "%s has more than %d certificates", what, maxElements)
		}
		var e element
		err := r.parser.Object("an element of "+what, elementNames, func(name []byte) (err error) {
			var field *[]byte
			switch string(name) {
			case nameLabel:
				field = &e.label
			case nameCertificate:
				field = &e.text
			}
			if field == nil || r.parser.Kind() == jsontext.KindNull {
				return r.parser.Skip()
			}
			text, err := r.parser.Text(string(name))
			*field = bytes.Clone(text)
			return err
		})
		if len(e.text) > 0 {
			found = append(found, e)
		}
		return err
	})
	return found, err
}

// choose returns the device's certificate: the one with the label, or without a label the only one
// that is not NXP's own.
func choose(certificates []element, label string) (element, error) {
	var names []string
	var candidates []element
	for _, e := range certificates {
		names = append(names, manifest.Quote(string(e.label)))
		if label != "" && string(e.label) == label || label == "" && !strings.HasPrefix(string(e.label), ownLabel) {
			candidates = append(candidates, e)
		}
	}
	const most = 5
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(certificates)-most))
	}
	all := strings.Join(names, ", ")
	switch {
	case len(certificates) == 0:
		return element{}, manifest.Errorf(manifest.ReasonNoCertificate, "the device has no certificate")
	case len(candidates) == 1:
		return candidates[0], nil
	case len(candidates) == 0 && label == "":
		return element{}, manifest.Errorf(manifest.ReasonNoCertificate,
			"there are only certificates with which NXP attests the chip: %s", all)
	case len(candidates) == 0:
		return element{}, manifest.Errorf(manifest.ReasonNoCertificate, "no certificate is labelled %s; there are %s", manifest.Quote(label), all)
	case label != "":
		return element{}, manifest.Errorf(manifest.ReasonSeveralCertificates, "%d certificates are labelled %s", len(candidates),
			manifest.Quote(label))
	}
	return element{}, manifest.Errorf(manifest.ReasonLabelRequired,
		"there are several certificates, and nothing says which is the device's: %s", all)
}

// verify checks the certificate of a device by the issuers of the same entry that it names. An
// entry also has the issuers of other certificates.
func (r *reader) verify(d *manifest.Device, issuers []element) error {
	var broken error
	for _, e := range issuers {
		issuer, err := r.issuer(e)
		if manifest.ReasonOf(err) == manifest.ReasonPrivateKey {
			return err
		}
		if err != nil {
			broken = err
			continue
		}
		if !bytes.Equal(issuer.RawSubject, d.Certificate.RawIssuer) {
			continue
		}
		err = d.Certificate.CheckSignatureFrom(issuer)
		if err == nil {
			return nil
		}
		reason := manifest.ReasonBadChain
		if errors.As(err, new(x509.InsecureAlgorithmError)) {
			reason = manifest.ReasonUnsupportedSigAlg
		}
		broken = manifest.Errorf(reason, "the certificate is not signed by %s of %s: %w", manifest.Quote(string(e.label)), nameIssuers, err)
	}
	if broken == nil {
		d.Warn(manifest.ReasonNoIssuer, "the entry does not have the issuer of the certificate")
	}
	return broken
}

// issuer parses the certificate of an issuer. A group of devices has few of them.
func (r *reader) issuer(e element) (*x509.Certificate, error) {
	if known := r.known[string(e.text)]; known != nil {
		return known, nil
	}
	parsed, err := armour.Parse(e.text)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", nameIssuers, manifest.Quote(string(e.label)), err)
	}
	if len(r.known) >= maxKnown || r.known == nil {
		r.known = map[string]*x509.Certificate{}
	}
	r.known[string(e.text)] = parsed[0]
	return parsed[0], nil
}
