package cli

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"strconv"
)

// keyName is how people and reports call a certificate's key: "EC P-256", "RSA 2048".
func keyName(leaf *x509.Certificate) string {
	switch key := leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "EC " + key.Curve.Params().Name
	case *rsa.PublicKey:
		return "RSA " + strconv.Itoa(key.N.BitLen())
	}
	return leaf.PublicKeyAlgorithm.String()
}
