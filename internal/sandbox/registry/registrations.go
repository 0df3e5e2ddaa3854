package registry

import (
	"crypto/x509"
	"net/http"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// RegisterWithCA are the parameters of [State.RegisterWithCA].
type RegisterWithCA struct {
	PEM       string `json:"certificatePem"`
	CA        string `json:"caCertificatePem"`
	Status    string `json:"status"`
	SetActive string `json:"-" query:"setAsActive"`

	base   RegisterCertificate
	parsed *x509.Certificate
	ca     manifest.CertificateID
}

// Subject returns the certificate's ID, or "" before Prepare.
func (in *RegisterWithCA) Subject() string { return in.base.Subject() }

// Prepare parses the certificates, which takes long and needs no state.
func (in *RegisterWithCA) Prepare(strict bool) (err error) {
	in.base = RegisterCertificate{PEM: in.PEM, Status: in.Status}
	if in.Status == "" && in.SetActive == "true" {
		in.base.Status = active.String()
	}
	if err := in.base.Prepare(strict); err != nil {
		return err
	}
	if in.parsed, err = manifest.ParseCertificate(in.base.der); err != nil {
		return err
	}
	if in.CA == "" {
		return nil
	}
	der, err := accept(in.CA, false, time.Now())
	if err == nil {
		in.ca = manifest.CertificateIDOf(der)
	}
	return err
}

// RegisterWithCA adds a certificate that a registered CA signed.
func (st *State) RegisterWithCA(in *RegisterWithCA) (ref CertificateRef, _ []Change, _ error) {
	if in.parsed == nil {
		if err := in.Prepare(st.strict); err != nil {
			return ref, nil, err
		}
	}
	ca, err := st.signer(in.parsed, in.ca)
	if known := st.certificates.by[in.base.id]; err != nil && (known == nil || ca != nil) {
		return ref, nil, err
	}
	ref, changes, err := st.RegisterCertificate(&in.base)
	if err != nil {
		return ref, nil, err
	}
	added := changes[0].(*CertificateAdded)
	added.CA = ca.id.String()
	if ca.Mode == modeDefault {
		added.Mode = modeDefault
	}
	return ref, changes, nil
}

// signer returns the registered CA that signed a certificate. If several have its issuer's name, the caller must name one. It returns the
// CA with an error if one was found and cannot be used.
func (st *State) signer(c *x509.Certificate, named manifest.CertificateID) (*caCertificate, error) {
	var found []*caCertificate
	for _, ca := range st.cas.order.now() {
		if ca.id == named || named.IsZero() && ca.subject == string(c.RawIssuer) {
			found = append(found, ca)
		}
	}
	switch {
	case len(found) == 0:
		return nil, badState("No CA certificate exists for the given certificate")
	case len(found) > 1:
		return nil, Refuse(http.StatusConflict, "CertificateConflictException",
			"Several CA certificates with the subject of the certificate's issuer are registered; caCertificatePem must name one")
	}
	issuer, err := manifest.ParseCertificate(found[0].der)
	if err == nil {
		err = checkIssuer(c, issuer)
	}
	if err == nil && !found[0].Active {
		err = badState("The CA certificate is not active")
	}
	return found[0], err
}

// An IssuedCertificate is a certificate that AWS IoT issued, as DER.
type IssuedCertificate struct {
	DER    []byte
	Active bool
}

// AddIssued adds a certificate that AWS IoT issued.
func (st *State) AddIssued(in *IssuedCertificate) (CertificateRef, []Change, error) {
	added := &CertificateAdded{DER: in.DER, Status: inactive.String(), Mode: modeDefault}
	if in.Active {
		added.Status = active.String()
	}
	id := manifest.CertificateIDOf(in.DER).String()
	return CertificateRef{st.arn("cert", id), id}, []Change{added}, nil
}
