package infineon

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon/internal/sevenz"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/member"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// readEntries yields the files of a bundle's archive.
func (d *decoding) readEntries(a *sevenz.Archive, found listing) error {
	most := d.frame.Limits.Entries
	switch {
	case found.files == 0:
		return manifest.Errorf(manifest.ReasonEmpty, "bundle %s has no files", d.bundle)
	case found.files > most:
		limit := manifest.Limit{Name: manifest.LimitEntries, Value: int64(most), Found: int64(found.files)}
		return manifest.Exceeded(manifest.ReasonLimitExceeded, limit, "%d entries; the limit is %d", found.files, most)
	case len(found.objects) == 1 && !found.objects[d.bundle]:
		for other := range found.objects {
			return manifest.Errorf(manifest.ReasonNoBundle, "this is bundle %s, not %s", other, d.bundle)
		}
	}
	if found.readme != "" {
		d.passedOver.Add(found.readme)
	}
	r := a.Reader()
	defer r.Close()
	for {
		m, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return d.ofBundle(err)
		case m.Directory:
			continue
		case member.IsLeftover(m.Name) || member.IsReadme(m.Name):
			if err := d.scan(r); err != nil {
				return d.ofBundle(err)
			}
			continue
		}
		if err = d.readFile(r, m); err != nil {
			return d.ofBundle(err)
		}
		if d.onFile != nil {
			if err := d.onFile(m); err != nil {
				return err
			}
		}
		device := d.frame.Device(0, 0)
		err = d.fillDevice(&device, m)
		who := "file " + shown(m.Name)
		if device.ID != "" {
			who = "chip " + device.ID
		}
		err = d.passedOver.Mention(&device, err)
		d.passedOver = stream.PassedOver{}
		if err := d.frame.Emit(device, who, err); err != nil {
			return err
		}
	}
}

// readFile reads a file into the buffer, or scans one that is too long for it.
func (d *decoding) readFile(r io.Reader, m sevenz.Member) error {
	d.buffer.Reset()
	if m.Size <= int64(d.frame.Limits.EntryBytes) {
		_, err := d.buffer.ReadFrom(r)
		return err
	}
	found, err := manifest.NewSecretReader(d.frame.Reader(r)).Drain()
	if found {
		return manifest.ErrPrivateKey
	}
	return err
}

// fillDevice fills a device from the file in the buffer.
func (d *decoding) fillDevice(device *manifest.Device, m sevenz.Member) error {
	if err := d.identify(device, m); err != nil {
		if text := d.buffer.Bytes(); manifest.HasPrivateKey(text) || manifest.IsPrivateKey(text) {
			return manifest.ErrPrivateKey
		} else if isKeyList(text) {
			return errKeyList
		}
		return err
	}
	if m.Size > int64(d.frame.Limits.EntryBytes) {
		return manifest.Exceeded(manifest.ReasonEntryTooLarge,
			manifest.Limit{Name: manifest.LimitEntryBytes, Value: int64(d.frame.Limits.EntryBytes), Found: m.Size},
			"the file has %d bytes; the limit is %d", m.Size, d.frame.Limits.EntryBytes)
	}
	leaf, err := d.leaf()
	if err != nil {
		return err
	}
	device.Certificate = leaf
	if d.frame.Options.ThingName.Uses("cn") {
		if err := d.names.checkName(leaf); err != nil {
			return err
		}
	}
	d.warn(device)
	return d.frame.Options.Admit(device)
}

// identify reads the chip ID from the name of the file, <chip ID>_<object>.pem.
func (d *decoding) identify(device *manifest.Device, m sevenz.Member) error {
	if m.Unsafe != "" {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "%s; files in a bundle are called <chip ID>_%s.pem", m.Unsafe, d.bundle)
	}
	base := path.Base(m.Name)
	stem, isPEM := cutPEM(base)
	at := strings.LastIndexByte(stem, '_')
	if !isPEM || at < 0 {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "files in a bundle are called <chip ID>_%s.pem", d.bundle)
	}
	if object := stem[at+1:]; !strings.EqualFold(object, d.bundle) {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "the file is of object %s, but the bundle is %s", shown(object), d.bundle)
	}
	chip := stem[:at]
	if len(chip) != 2*chipIDSize || !isHex(chip) {
		return manifest.Errorf(manifest.ReasonBadID, "chip ID %s is not %d hex digits", shown(chip), 2*chipIDSize)
	}
	device.ID = strings.ToUpper(chip)
	device.Attributes = map[string]string{manifest.AttributeChipID: device.ID, manifest.AttributeBundle: d.bundle}
	if d.reel != "" {
		device.Attributes[manifest.AttributeReelID] = d.reel
	}
	return nil
}

func cutPEM(base string) (stem string, ok bool) {
	const extension = ".pem"
	at := len(base) - len(extension)
	if at < 0 || !strings.EqualFold(base[at:], extension) {
		return base, false
	}
	return base[:at], true
}

// objectOf returns the object in a file's name, or "".
func objectOf(base string) string {
	stem, _ := cutPEM(base)
	object := strings.ToUpper(stem[strings.LastIndexByte(stem, '_')+1:])
	if !slices.Contains(bundles(), object) {
		return ""
	}
	return object
}

// leaf returns the certificate in the buffer: PEM, or DER in a file named as PEM.
func (d *decoding) leaf() (*x509.Certificate, error) {
	text := d.buffer.Bytes()
	switch {
	case armour.BeginsCertificate(text):
		return armour.ParseDER(bytes.Clone(text))
	case manifest.HasPrivateKey(text), manifest.IsPrivateKey(text):
		return nil, manifest.ErrPrivateKey
	}
	text = stream.Head(text)
	if strings.TrimSpace(string(text[:min(len(text), 64)])) == "" && len(text) <= 64 {
		return nil, manifest.Errorf(manifest.ReasonNoCertificate, "the file is empty")
	}
	certificates, err := armour.Parse(text)
	if err != nil {
		if isKeyList(text) {
			return nil, errKeyList
		}
		return nil, err
	}
	return armour.Leaf(certificates)
}

// warn adds a warning for everything that is unusual for an Infineon certificate of this bundle.
func (d *decoding) warn(device *manifest.Device) {
	leaf := device.Certificate
	_, isEC := leaf.PublicKey.(*ecdsa.PublicKey)
	_, isRSA := leaf.PublicKey.(*rsa.PublicKey)
	switch {
	case d.bundle == "E0E2" && isEC:
		device.Warn(manifest.ReasonUnexpectedKeyType, "an EC key; certificates of bundle E0E2 have RSA keys")
	case d.bundle != "E0E2" && isRSA:
		device.Warn(manifest.ReasonUnexpectedKeyType, "an RSA key; certificates of bundle "+d.bundle+" have EC keys")
	}
	if !issuedByInfineon(leaf) {
		device.Warn(manifest.ReasonUnexpectedIssuer, "issued by "+manifest.Quote(leaf.Issuer.CommonName)+
			", not by Infineon; nothing else vouches for the content of the archive")
	}
	if d.bundle == "E0E1" {
		device.Warn(manifest.ReasonShieldedConnection, "the chip lets only hosts with a shielded connection use the key of E0E1")
	}
}

func issuedByInfineon(leaf *x509.Certificate) bool {
	for _, organization := range leaf.Issuer.Organization {
		if strings.HasPrefix(organization, "Infineon") {
			return true
		}
	}
	return strings.HasPrefix(leaf.Issuer.CommonName, "Infineon")
}

// guid matches the reel's confidential ID.
var guid = regexp.MustCompile(`[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}`)

// shown returns the name of a file for messages, without a GUID.
func shown(name string) string { return manifest.Quote(guid.ReplaceAllString(name, "<GUID>")) }

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdefABCDEF") == "" }
