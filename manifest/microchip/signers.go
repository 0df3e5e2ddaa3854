package microchip

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/thingpress/thingpress/manifest"
)

// ParseSigners reads the signer certificates in data: one in DER, or at least one
// in PEM with any line ends and any text between. Each must be able to sign
// manifests: it must have an EC P-256 key and a subject key identifier. A repeated
// certificate is returned once. Data with a private key is an error, and none of it is returned.
func ParseSigners(data []byte) ([]*x509.Certificate, error) {
	if manifest.HasPrivateKey(data) || manifest.IsPrivateKey(data) {
		return nil, errors.New("the file contains a private key; a signer is a certificate only")
	}
	blocks, err := signerBlocks(data)
	if err != nil {
		return nil, err
	}
	var signers []*x509.Certificate
	for _, der := range blocks {
		certificate, err := manifest.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		if _, err := newSigner(certificate); err != nil {
			return nil, fmt.Errorf("%s: %w", manifest.Quote(certificate.Subject.CommonName), err)
		}
		if !slices.ContainsFunc(signers, certificate.Equal) {
			signers = append(signers, certificate)
		}
	}
	return signers, nil
}

// signerBlocks returns the DER of each certificate.
func signerBlocks(data []byte) ([][]byte, error) {
	begin := []byte("-----BEGIN ")
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errors.New("the file is empty")
	case data[0] == 0x30:
		return [][]byte{data}, nil
	case !bytes.Contains(data, begin):
		return nil, errors.New("neither PEM nor DER: a signer is an X.509 certificate, as Microchip publishes it next to the manifests")
	}
	var blocks [][]byte
	want, rest := bytes.Count(data, begin), data
	for {
		block, more := pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block of type %s is not a certificate", manifest.Quote(block.Type))
		}
		blocks, rest = append(blocks, block.Bytes), more
	}
	// The standard library skips blocks that it cannot read.
	if len(blocks) != want {
		return nil, fmt.Errorf("%d PEM blocks begin, but only %d of them can be read", want, len(blocks))
	}
	return blocks, nil
}
