package materialtest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"time"

	"github.com/thingpress/thingpress/internal/material"
)

// An Issuer is the certificate authority of an operator.
type Issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewIssuer returns an authority with a common name, which is also the label of its key.
func NewIssuer(name string) Issuer {
	key := Key(name)
	return Issuer{Authority(name, nil, key, key, 0), key}
}

// PEM returns the authority's own certificate.
func (i Issuer) PEM() string { return string(material.PEM(i.certificate.Raw)) }

// Sign returns a certificate with a common name, which is also the label of its key, as PEM.
func (i Issuer) Sign(name string) string {
	leaf := &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotAfter: time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC)}
	return string(material.PEM(Certificate(leaf, i.certificate, Key(name).Public(), i.key).Raw))
}
