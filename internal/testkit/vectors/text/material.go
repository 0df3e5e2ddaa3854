package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// A module is one device of the vectors.
type module struct {
	mac, cn string
	key     *ecdsa.PrivateKey
	cert    *x509.Certificate
}

var (
	issuerKey  = materialtest.Key("text vectors issuer")
	issuer     = materialtest.Authority("Thingpress Test CA", nil, issuerKey, issuerKey, 1)
	otherKey   = materialtest.Key("text vectors other issuer")
	otherCA    = materialtest.Authority("Thingpress Other Test CA", nil, otherKey, otherKey, 1)
	modules    = makeModules(8)
	secretText = secretPEM(modules[7].key)
)

func makeModules(n int) []module {
	all := make([]module, n)
	for i := range all {
		label := fmt.Sprintf("text vectors module %d", i)
		id := hex.EncodeToString(materialtest.Bytes(label, 16))
		m := module{
			mac: strings.ToUpper(hex.EncodeToString(materialtest.Bytes(label+" mac", 6))),
			cn:  fmt.Sprintf("%s-%s-4%s-8%s-%s", id[:8], id[8:12], id[13:16], id[17:20], id[20:]),
			key: materialtest.Key(label),
		}
		m.cert = leaf(m.cn, m.key)
		all[i] = m
	}
	return all
}

// leaf issues a certificate with the layout of an ExpressLink module's.
func leaf(cn string, key *ecdsa.PrivateKey, change ...func(*x509.Certificate)) *x509.Certificate {
	t := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"Thingpress Test"}, CommonName: cn},
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	for _, f := range change {
		f(t)
	}
	return materialtest.Certificate(t, issuer, &key.PublicKey, issuerKey)
}

func pemOf(der []byte) string { return labelled("CERTIFICATE", der) }

func labelled(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func (m module) pem() string   { return pemOf(m.cert.Raw) }
func (m module) der64() string { return base64.StdEncoding.EncodeToString(m.cert.Raw) }
func (m module) pem64() string { return base64.StdEncoding.EncodeToString([]byte(m.pem())) }

// hexPairs returns bytes in hex with a separator between them.
func hexPairs(raw []byte, separator string) string {
	pairs := make([]string, len(raw))
	for i, b := range raw {
		pairs[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(pairs, separator)
}

// escaped returns PEM in one line.
func (m module) escaped() string { return strings.ReplaceAll(m.pem(), "\n", `\n`) }

// row returns a record as Espressif writes it.
func (m module) row() string { return m.mac + "," + m.cn + ",\"" + m.pem() + "\"\r\n" }

// rowWith returns a record with other text instead of the certificate.
func (m module) rowWith(cert string) string { return m.mac + "," + m.cn + "," + cert + "\r\n" }

// byMAC expects the module from a CSV file, byCN from a list.
func (m module) byMAC() entry { return device(m.mac, m.cn) }
func (m module) byCN() entry  { return device(m.cn, m.cn) }

// secretPEM returns a private key that belongs to nothing.
func secretPEM(key *ecdsa.PrivateKey) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return labelled("PRIVATE KEY", der)
}

func secretDER() []byte {
	block, _ := pem.Decode([]byte(secretText))
	return block.Bytes
}

// wrap splits text into lines of n characters.
func wrap(text string, n int) string {
	var b strings.Builder
	for len(text) > n {
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	b.WriteString(text + "\n")
	return b.String()
}
