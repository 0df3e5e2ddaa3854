package engine

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"iter"
	"math/bits"
	"slices"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// meet notes that a certificate is attached to a thing.
func (e *exportation) meet(id string, shared bool) {
	if _, met := e.shared[id]; met {
		return
	}
	if shared {
		e.shared[id] = 0
	}
	e.attached.add(id)
}

// occupy notes the sheet of a certificate that several things have.
func (e *exportation) occupy(c *ExportedCertificate) {
	if c.Shared {
		e.shared[c.ID] |= 1 << c.Sheet
	}
}

// place decides what becomes of a certificate of a thing that is on the sheets of used.
func (e *exportation) place(held *device.Holding, c device.HeldCertificate, used uint16) (*ExportedCertificate, *LeftOut) {
	left := &LeftOut{Thing: held.Thing.Name, CertificateID: c.ID}
	sheet := bits.TrailingZeros16(^(used | e.shared[c.ID]))
	block, name, err := readBody(c.PEM)
	switch {
	case c.Status != iot.StatusActive && c.Status != iot.StatusInactive:
		left.Reason, left.Detail = LeftStatus, "the certificate is "+manifest.Quote(string(c.Status))
	case err != nil:
		left.Reason, left.Detail = LeftNoBody, err.Error()
	case sheet >= e.Sheets && used != 0:
		left.Reason, left.Detail = LeftOtherCert, fmt.Sprintf("the thing has %d certificates", len(held.Certificates))
	case sheet >= e.Sheets:
		left.Reason, left.Detail = LeftOtherThing, fmt.Sprintf("the certificate is attached to %d things", len(c.Things))
	default:
		c.PEM = block
		return &ExportedCertificate{HeldCertificate: c, Sheet: sheet, Renamed: name != held.Thing.Name, Shared: len(c.Things) > 1}, nil
	}
	return nil, left
}

// readEarlier counts the things that were exported earlier. Nil are none.
func (e *exportation) readEarlier(things iter.Seq2[ExportedThing, error]) error {
	if things == nil {
		return nil
	}
	for t, err := range things {
		if err != nil {
			return err
		}
		e.earlier = append(e.earlier, fingerprintOf(t.Thing.Name))
		for i := range t.Certificates {
			c := &t.Certificates[i]
			e.meet(c.ID, c.Shared)
			e.occupy(c)
		}
		for _, left := range t.Left {
			if left.CertificateID != "" {
				e.meet(left.CertificateID, false)
			}
		}
		e.count(&t)
	}
	slices.SortFunc(e.earlier, fingerprint.compare)
	return nil
}

// count counts a thing, and passes on what is left out.
func (e *exportation) count(t *ExportedThing) {
	r := &e.result
	r.Things++
	r.Dynamic += one(t.Dynamic)
	for i := range t.Certificates {
		c := &t.Certificates[i]
		r.Devices++
		r.Further += one(c.Sheet > 0)
		r.Inactive += one(c.Status == iot.StatusInactive)
		r.Renamed += one(c.Renamed)
		r.Exclusive += one(c.Exclusive)
	}
	for _, left := range t.Left {
		e.Left(left)
	}
}

// one returns 1 if something is so, and otherwise 0.
func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// readBody returns the first certificate in PEM as one block, and its CN.
func readBody(text string) (block, name string, err error) {
	if manifest.HasPrivateKey([]byte(text)) {
		return "", "", manifest.Errorf(manifest.ReasonPrivateKey, "the answer has a private key")
	}
	decoded, _ := pem.Decode([]byte(text))
	if decoded == nil || !slices.Contains([]string{"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"}, decoded.Type) {
		return "", "", manifest.Errorf(manifest.ReasonBadEncoding, "the answer has no certificate in PEM")
	}
	certificate, err := manifest.ParseCertificate(decoded.Bytes)
	if err != nil {
		return "", "", err
	}
	name, _ = manifest.CommonName(certificate) // without one the thing has another name
	var b bytes.Buffer
	err = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	return b.String(), name, err
}
