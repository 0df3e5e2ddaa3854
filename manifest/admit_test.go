package manifest_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

func rsaKey(bits, exponent int) *rsa.PublicKey {
	n := new(big.Int).SetBit(new(big.Int), bits-1, 1)
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: exponent}
}

func TestAdmitTakesTheKeysOfAWSIoTAndNoOthers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key    crypto.PublicKey
		reason manifest.Reason
	}{
		"P-224":    {&materialtest.KeyOn(elliptic.P224(), "k").PublicKey, manifest.ReasonUnsupportedKey},
		"P-256":    {&materialtest.KeyOn(elliptic.P256(), "k").PublicKey, ""},
		"P-384":    {&materialtest.KeyOn(elliptic.P384(), "k").PublicKey, ""},
		"P-521":    {&materialtest.KeyOn(elliptic.P521(), "k").PublicKey, ""},
		"RSA 2047": {rsaKey(2047, 65537), manifest.ReasonUnsupportedKey},
		"RSA 2048": {rsaKey(2048, 65537), ""},
		"RSA e=1":  {rsaKey(2048, 1), manifest.ReasonUnsupportedKey},
		"Ed25519":  {ed25519.NewKeyFromSeed(materialtest.Bytes("k", 32)).Public(), manifest.ReasonUnsupportedKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := materialtest.Key("manifest tests")
			template := &x509.Certificate{Subject: pkix.Name{CommonName: "d"}, BasicConstraintsValid: true, SubjectKeyId: []byte{1}}
			d := &manifest.Device{Certificate: materialtest.Certificate(template, sample, test.key, issuer)}
			var opts manifest.Options
			if err := opts.Admit(d); manifest.ReasonOf(err) != test.reason {
				t.Errorf("%v, want %q", err, test.reason)
			}
		})
	}
}

func TestAdmitJudgesValidityAgainstItsClock(t *testing.T) {
	t.Parallel()
	begin, end := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		now     time.Time
		allow   bool
		reason  manifest.Reason
		warning manifest.Reason
	}{
		"first second":       {begin, false, "", ""},
		"last second":        {end, false, "", ""},
		"a second too late":  {end.Add(time.Second), false, manifest.ReasonExpired, ""},
		"late and allowed":   {end.Add(time.Second), true, "", manifest.ReasonExpired},
		"a second too early": {begin.Add(-time.Second), false, "", manifest.ReasonNotYetValid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := device(t, "d", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = begin, end })
			opts := manifest.Options{Now: test.now, AllowExpired: test.allow}
			if err := opts.Admit(d); manifest.ReasonOf(err) != test.reason {
				t.Errorf("%v, want %q", err, test.reason)
			}
			var codes []manifest.Reason
			for _, w := range d.Warnings {
				codes = append(codes, w.Code)
			}
			var want []manifest.Reason
			if test.warning != "" {
				want = []manifest.Reason{test.warning}
			}
			if diff := cmp.Diff(want, codes); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// AWS returns the same certificate ID; a wrong one would make every device a conflict.
func TestAdmitComputesTheCertificateID(t *testing.T) {
	t.Parallel()
	d := device(t, "d")
	d.ID = ""
	var opts manifest.Options
	if err := opts.Admit(d); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(d.Certificate.Raw); d.CertificateID.String() != hex.EncodeToString(sum[:]) || d.ID != "d" || d.ThingName != "d" {
		t.Errorf("certificate %s, ID %s, thing %s", d.CertificateID, d.ID, d.ThingName)
	}
	if again, err := manifest.ParseCertificate(d.Certificate.Raw); err != nil || !strings.Contains(d.PEM(), "-----BEGIN CERTIFICATE-----\n") ||
		!again.Equal(d.Certificate) {
		t.Errorf("the PEM is %q, %v", d.PEM(), err)
	}
}

func TestAdmitRefusesAuthorities(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*x509.Certificate){
		"basic constraints": func(c *x509.Certificate) { c.IsCA = true },
		"key usage":         func(c *x509.Certificate) { c.BasicConstraintsValid, c.KeyUsage = false, x509.KeyUsageCertSign },
	} {
		var opts manifest.Options
		if err := opts.Admit(device(t, "d", change)); manifest.ReasonOf(err) != manifest.ReasonCACertificate {
			t.Errorf("%s: %v", name, err)
		}
	}
}
