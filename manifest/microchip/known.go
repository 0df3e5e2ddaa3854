package microchip

import (
	"crypto/x509"
	"embed"
	"fmt"
	"slices"
	"sync"

	"github.com/thingpress/thingpress/manifest"
)

// signerFiles has the certificates with which Microchip has signed manifests, one a
// file, with subject, validity and SHA-256 fingerprint before the PEM. Microchip
// publishes them for its customers with the manifests. The first three were found
// with the same content in three independent public places, the last two in one;
// docs/microchip.md has the fingerprints to compare them with.
//
//go:embed signers/*.pem
var signerFiles embed.FS

// published parses the files once.
var published = sync.OnceValue(func() []*x509.Certificate {
	var signers []*x509.Certificate
	files, err := signerFiles.ReadDir("signers")
	for _, file := range files {
		var text []byte
		if text, err = signerFiles.ReadFile("signers/" + file.Name()); err != nil {
			break
		}
		var found []*x509.Certificate
		if found, err = ParseSigners(text); err != nil {
			break
		}
		signers = append(signers, found...)
	}
	if err != nil {
		panic(fmt.Sprintf("published signers: %v", err)) // the files are part of the program
	}
	return signers
})

// PublishedSigners returns the signers that Microchip has published, oldest first.
// They are trusted only if the operator asks for them.
func PublishedSigners() []*x509.Certificate { return slices.Clone(published()) }

// testSigner is the fingerprint of Microchip's "Log Signer Test", valid in January
// and February 2019, whose signatures mean nothing for real devices.
var testSigner = manifest.CertificateID{
	0x55, 0xa4, 0xc6, 0xd4, 0x56, 0x79, 0xc6, 0x09, 0xc1, 0x42, 0xec, 0x52, 0x69, 0xd5, 0x8e, 0x6d,
	0x74, 0xc7, 0xda, 0x13, 0xd1, 0x2e, 0x31, 0xd3, 0xfb, 0x80, 0xf3, 0x55, 0xa2, 0x4c, 0xde, 0x8a,
}

// publishedName returns the name of the published signer with a fingerprint, or "".
func publishedName(id manifest.CertificateID) string {
	for _, s := range published() {
		if manifest.CertificateIDOf(s.Raw) == id {
			return s.Subject.CommonName
		}
	}
	return ""
}
