package material

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
)

// JWK returns a public key as the JWK of a slot (RFC 7518, section 6).
func JWK(slot string, key crypto.PublicKey) Object {
	o := Object{{"kid", slot}}
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		point := must(key.Bytes()) // 4, x, y
		half := len(point) / 2
		return append(o, Object{
			{"kty", "EC"},
			{"crv", key.Curve.Params().Name},
			{"x", URL64(point[1 : 1+half])},
			{"y", URL64(point[1+half:])},
		}...)
	case *rsa.PublicKey:
		return append(o, Object{{"kty", "RSA"}, {"n", URL64(key.N.Bytes())}, {"e", URL64(big.NewInt(int64(key.E)).Bytes())}}...)
	case ed25519.PublicKey: // RFC 8037
		return append(o, Object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", URL64(key)}}...)
	}
	panic(fmt.Sprintf("material: no JWK for a key of type %T", key))
}

// Payload returns the description of a chip. Its maker, provisioner and
// distributor are units of one organization.
func Payload(organization, group, timestamp, uniqueID string, keys ...Object) Object {
	return Object{
		{"version", 1},
		{"model", "ATECC608C"},
		{"partNumber", "ATECC608C-TNGTLSU-B"},
		{"manufacturer", Entity(organization, "Secure Products Group")},
		{"provisioner", Entity(organization, "Secure Products Group")},
		{"distributor", Entity(organization, "Microchip Direct")},
		{"groupId", group},
		{"provisioningTimestamp", timestamp},
		{"uniqueId", uniqueID},
		{"publicKeySet", Object{{"keys", keys}}},
	}
}

// Entity returns the name of an organization's unit as payloads have it.
func Entity(organization, unit string) Object {
	return Object{{"organizationName", organization}, {"organizationalUnitName", unit}}
}

// Protected returns the signed header that names a signer.
func Protected(signer *x509.Certificate) Object {
	sum := sha256.Sum256(signer.Raw)
	return Object{
		{"alg", "ES256"},
		{"kid", URL64(signer.SubjectKeyId)},
		{"typ", "JWT"},
		{"x5t#S256", URL64(sum[:])},
	}
}

// SignText makes an entry without an unprotected header from the text of a payload.
func SignText(protected Object, payload []byte, key *ecdsa.PrivateKey) Object {
	head, body := URL64(JSON(protected)), URL64(payload)
	return Object{{"payload", body}, {"protected", head}, {"signature", URL64(Signature(head+"."+body, key))}}
}

// Named adds the unprotected header where Microchip has it, before the signature.
func (o Object) Named(uniqueID string) Object {
	return slices.Insert(slices.Clone(o), len(o)-1, Member{"header", Object{{"uniqueId", uniqueID}}})
}

// Signature returns r and s of a deterministic ES256 signature over text.
func Signature(text string, key *ecdsa.PrivateKey) []byte {
	var pair struct{ R, S *big.Int }
	must(asn1.Unmarshal(sign(key, crypto.SHA256, []byte(text)), &pair))
	raw := make([]byte, 64)
	pair.R.FillBytes(raw[:32])
	pair.S.FillBytes(raw[32:])
	return raw
}

// URL64 returns base64url without padding.
func URL64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
