package main

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"time"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// signerVectors returns row M33: the files that --signer names.
func signerVectors() []*vector {
	one := materialtest.Array(good(0))
	taken := func(name, note string, signers ...string) *vector {
		return vec(name, "N", note, one).device(0).with(func(o *options) { o.Signers = signers })
	}
	refused := func(name, file, says, note string) *vector {
		v := vec(name, "E", note, one).with(func(o *options) { o.Signers = []string{"signers/" + file} })
		v.SignerError = says
		return v
	}
	return []*vector{
		taken("m33-crlf", "PEM with CRLF", "signers/crlf.pem"),
		taken("m33-der", "DER", "signers/reel.der"),
		taken("m33-two-in-one-file", "two certificates in one file, with text between", "signers/two.pem"),
		taken("m33-twice", "the same certificate in two files", "signers/reel.pem", "signers/reel.der"),
		taken("m33-old-label", "the label X509 CERTIFICATE of older tools", "signers/old-label.pem"),
		warned("m33-authority", "the signer is a CA certificate, as self-made signers are", byAuthority("2025-06-01T20:14:53.773Z"), "ca-signer").
			with(func(o *options) { o.Signers = append(o.Signers, "signers/ca.pem") }),
		warned("m33-authority-early", "a CA certificate that is newer than the entry, as scripts for self-made signers make it",
			byAuthority("2019-01-01T00:00:00Z"), "ca-signer", "early-signature").
			with(func(o *options) { o.Signers = append(o.Signers, "signers/ca.pem") }),
		taken("m33-directory", "a directory with keys, a certificate request, broken files and certificates that signed nothing",
			"signers/mixed"),
		refused("m33-rsa", "rsa.pem", "not EC P-256", "an RSA certificate cannot make ES256 signatures"),
		refused("m33-p384", "p384.pem", "not EC P-256", "another curve cannot make ES256 signatures"),
		refused("m33-private-key", "key.pem", "private key", "a private key has no business there"),
		refused("m33-half", "half.pem", "PEM blocks", "the second of two certificates is cut off"),
		refused("m33-not-a-certificate", "request.pem", "CERTIFICATE REQUEST", "a certificate request"),
		refused("m33-no-key-id", "no-key-id.pem", "subject key identifier", "a certificate that kid cannot name"),
		refused("m33-text", "text.pem", "neither PEM nor DER", "a file of text"),
		refused("m33-empty", "empty.pem", "empty", "a file without a byte"),
	}
}

// signerFiles returns the files that the vectors name.
func signerFiles() map[string][]byte {
	reelPEM := materialtest.PEM(reel.Signer)
	short := materialtest.PEM(shortSigner())
	p384 := materialtest.KeyOn(elliptic.P384(), "vectors p384 signer")
	noKeyID := materialtest.Certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "No Key ID"}, KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}, nil, &reel.SignerKey.PublicKey, reel.SignerKey)
	block := func(label string, content []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: content})
	}
	return map[string][]byte{
		"signers/reel.pem":      reelPEM,
		"signers/reel.der":      reel.Signer.Raw,
		"signers/short.pem":     short,
		"signers/crlf.pem":      bytes.ReplaceAll(reelPEM, []byte("\n"), []byte("\r\n")),
		"signers/two.pem":       bytes.Join([][]byte{[]byte("the first\n"), short, []byte("the second\n"), reelPEM}, nil),
		"signers/old-label.pem": block("X509 CERTIFICATE", reel.Signer.Raw),
		"signers/ca.pem":        materialtest.PEM(authoritySigner()),
		"signers/rsa.pem":       materialtest.PEM(rsaSigner()),
		"signers/p384.pem":      materialtest.PEM(materialtest.SignerCertificate("P-384 Signer", p384)),
		"signers/key.pem":       []byte(pemKey),
		"signers/half.pem":      append(bytes.Clone(reelPEM), short[:len(short)/2]...),
		"signers/request.pem":   block("CERTIFICATE REQUEST", []byte("test")),
		"signers/no-key-id.pem": materialtest.PEM(noKeyID),
		"signers/text.pem":      []byte("see the attached certificate\n"),
		"signers/empty.pem":     {},

		"signers/mixed/all.pem": bytes.Join(
			[][]byte{materialtest.PEM(rsaSigner()), block("CERTIFICATE REQUEST", []byte("test")), reelPEM}, nil),
		"signers/mixed/half.crt":       short[:len(short)/2],
		"signers/mixed/key-inside.crt": append(bytes.Clone(short), pemKey...),
		"signers/mixed/log-signer.key": []byte(pemKey),
		"signers/mixed/notes.txt":      []byte("see the attached certificate\n"),
		"signers/mixed/private.pem":    []byte(pemKey),
		"signers/mixed/root.crt":       materialtest.PEM(reel.Issuer),
	}
}

// authoritySigner returns a CA certificate with the reel's key.
func authoritySigner() *x509.Certificate {
	return materialtest.Certificate(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"Example Ltd"}, CommonName: "Test Log Signer CA"},
		NotBefore:             time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2053, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:                  true,
		BasicConstraintsValid: true,
		SubjectKeyId:          materialtest.Bytes("vectors authority signer", 20),
	}, nil, &reel.SignerKey.PublicKey, reel.SignerKey)
}

// byAuthority returns an entry of the CA certificate, provisioned at a time.
func byAuthority(at string) material.Object {
	payload := content(0).With("provisioningTimestamp", at)
	return material.SignText(material.Protected(authoritySigner()), material.JSON(payload), reel.SignerKey).Named(chip(0).UniqueID)
}

// shortSigner returns a certificate with the reel's key whose validity has ended.
func shortSigner() *x509.Certificate {
	return materialtest.Certificate(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{materialtest.Organization}, CommonName: "Thingpress Test Log Signer short"},
		NotBefore:             time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SubjectKeyId:          materialtest.Bytes("vectors short signer", 20),
	}, nil, &reel.SignerKey.PublicKey, reel.SignerKey)
}

// rsaSigner returns a certificate with an RSA key. The reel's key issues it, so no
// private RSA key is needed.
func rsaSigner() *x509.Certificate {
	return materialtest.Certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "RSA Signer"}, KeyUsage: x509.KeyUsageDigitalSignature, SubjectKeyId: []byte{1},
		BasicConstraintsValid: true,
	}, reel.Signer, material.UnfactoredRSA(materialtest.Bytes("vectors rsa", 256)), reel.SignerKey)
}
