package material

import (
	"context"
	"crypto"

	"github.com/thingpress/thingpress/manifest"
)

var pemJSONFormat = Format{Name: "pem-json", write: func(ctx context.Context, o Options, s seed) error {
	return stream(ctx, o, s, pemJSONFrame, newPEMJSON(s, o.Key))
}}

var pemJSONFrame = frame{"[\n", ",\n", "\n]\n"}

// A pemJSONSource makes an object for each certificate, as AWS IoT describes certificates.
type pemJSONSource struct{ lines *linesSource }

func newPEMJSON(s seed, kind Key) source[*pemJSONEntry] {
	return &pemJSONSource{newLines(s, kind).(*linesSource)}
}

// A pemJSONEntry is an unwritten object.
type pemJSONEntry struct {
	draft
	// text makes the text of the certificate.
	text func(der []byte) string
	// change, if set, changes the object before it is written.
	change func(o Object) Object
}

func (f *pemJSONSource) entry(i int) (*pemJSONEntry, crypto.Signer) {
	e, key := f.lines.entry(i)
	return &pemJSONEntry{draft: e.draft, text: pemText}, key
}

func (f *pemJSONSource) render(e *pemJSONEntry) []byte {
	der := f.lines.issuer.issue(&e.draft)
	o := Object{{"certificateId", manifest.CertificateIDOf(der).String()}, {"status", "ACTIVE"}, {"certificatePem", e.text(der)}}
	if e.change != nil {
		o = e.change(o)
	}
	return JSON(o)
}

// defects returns the defects of an object, apart from those of its certificate.
func (f *pemJSONSource) defects() []defect[*pemJSONEntry] {
	change := func(with func(o Object) Object) func(*pemJSONEntry, craft) {
		return func(e *pemJSONEntry, _ craft) { e.change = with }
	}
	return []defect[*pemJSONEntry]{
		{"no certificate", manifest.ReasonNoCertificate, change(func(o Object) Object { return o.Without("certificatePem") })},
		{"cut PEM", manifest.ReasonBadEncoding, func(e *pemJSONEntry, _ craft) {
			e.text = func(der []byte) string { return pemText(der)[:200] }
		}},
		{"certificate twice", manifest.ReasonDuplicateField, change(func(o Object) Object { return o.And("certificatePem", "") })},
		{"two certificates", manifest.ReasonSeveralCertificates, change(func(o Object) Object {
			return o.And("previous", o.Text("certificatePem"))
		})},

		{"one object deeper", "", change(func(o Object) Object { return Object{{"certificateDescription", o}} })},
		{"PEM with CRLF", "", func(e *pemJSONEntry, _ craft) {
			e.text = func(der []byte) string { return string(CRLF([]byte(pemText(der)))) }
		}},
		{"other members", "", change(func(o Object) Object { return o.And("tags", []string{"a"}).And("lot", 7) })},
	}
}
