package manifest_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

// The length of the whole certificate is not signed. A second encoding of it would be a second
// certificate ID of one certificate, and of a certificate that AWS does not take.
func TestOldEncodingsAreAcceptedOnlyInDER(t *testing.T) {
	t.Parallel()
	der := materialtest.Certificate(&x509.Certificate{
		SerialNumber: big.NewInt(0x7f11223344), Subject: pkix.Name{CommonName: "lamp"},
	}, nil, &materialtest.Key("lenient").PublicKey, materialtest.Key("lenient")).Raw
	negative := bytes.Replace(der, []byte{0x7f, 0x11, 0x22, 0x33, 0x44}, []byte{0x8f, 0x11, 0x22, 0x33, 0x44}, 1)
	if c, err := manifest.ParseCertificate(negative); err != nil || c.SerialNumber.Sign() >= 0 {
		t.Fatalf("a negative serial number: %v", err)
	}
	if negative[1] != 0x82 {
		t.Fatalf("the length has the form %#x", negative[1])
	}
	longer := slices.Concat([]byte{0x30, 0x83, 0}, negative[2:])
	if _, err := manifest.ParseCertificate(longer); manifest.ReasonOf(err) != manifest.ReasonBadCertificate {
		t.Errorf("a longer form of the length: %v", err)
	}
}
