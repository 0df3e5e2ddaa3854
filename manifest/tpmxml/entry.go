package tpmxml

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
)

// maxIDBytes bounds the length of an ID.
const maxIDBytes = 32

// fillDevice fills in a device. If an error occurs after the ID was read, the device has it.
func (g *group) fillDevice(d *manifest.Device, opts *manifest.Options) error {
	// The file is refused whichever certificate is the device's.
	for _, text := range g.certificates {
		if armour.HoldsPrivateKey([]byte(withoutSpace(text))) {
			return manifest.ErrPrivateKey
		}
	}
	mac, err := g.mac()
	if err != nil {
		return err
	}
	if mac != "" {
		d.ID = mac
		d.Attributes = map[string]string{manifest.AttributeTPMMAC: mac}
	}
	text, err := g.choose(opts.Index)
	if err != nil {
		return err
	}
	der, err := hex.DecodeString(withoutSpace(text))
	if err != nil {
		return manifest.Errorf(manifest.ReasonBadEncoding, "element %s: not hexadecimal: %w", elementCertificate, err)
	}
	if d.Certificate, err = armour.ParseDER(der); err != nil {
		return err
	}
	return opts.Admit(d)
}

// mac returns the identity of the module in upper-case hex digits; empty if there is none.
func (g *group) mac() (string, error) {
	if len(g.macs) == 0 {
		return "", nil
	}
	if slices.ContainsFunc(g.macs, func(m string) bool { return m != g.macs[0] }) {
		return "", manifest.Errorf(manifest.ReasonDuplicateField, "the group has %d values of %s", len(g.macs), nameMAC)
	}
	text := strings.Map(func(r rune) rune {
		if r == ':' || r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.TrimPrefix(g.macs[0], "0x"))
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw) > maxIDBytes {
		return "", manifest.Errorf(manifest.ReasonBadID, "%s is %s and not 1 to %d bytes in hexadecimal", nameMAC, manifest.Quote(g.macs[0]),
			maxIDBytes)
	}
	return strings.ToUpper(text), nil
}

// choose returns the text of the device's certificate.
func (g *group) choose(index string) (string, error) {
	n := len(g.certificates)
	switch {
	case n == 0:
		return "", manifest.Errorf(manifest.ReasonNoCertificate, "the group has no element %s", elementCertificate)
	case index == "" && n == 1:
		return g.certificates[0], nil
	case index == "":
		return "", manifest.Errorf(manifest.ReasonIndexRequired, "the group has %d certificates, and nothing says which is the device's", n)
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 1 || i > n {
		return "", manifest.Errorf(manifest.ReasonNoCertificate, "there is no certificate number %s in the group, which has %d",
			manifest.Quote(index), n)
	}
	return g.certificates[i-1], nil
}

func withoutSpace(text string) string { return strings.Join(strings.Fields(text), "") }
