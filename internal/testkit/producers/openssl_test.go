package producers

import (
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
)

func TestOpenSSL(t *testing.T) {
	t.Parallel()
	// A certificate and its key, which sign and encrypt. The key is that of a device of the manifest.
	const signer = `"$P" req -x509 -key device.key -subj /CN=signer -days 30 -out signer.crt; `
	const sign = signer + `"$P" cms -sign -binary -signer signer.crt -inkey device.key -certfile all.pem -in reel.csv `
	produce(t, require.Producer(t, "openssl"), []production{
		{name: "PEM with text", script: `for f in certificates/*; do "$P" x509 -in $f -text; done >text.pem`, file: "text.pem"},
		{
			name:   "PEM with a subject",
			script: `for f in certificates/*; do "$P" x509 -in $f -subject -issuer -fingerprint; done >s.pem`,
			file:   "s.pem",
		},
		{
			name:   "trusted PEM",
			script: `for f in certificates/*; do "$P" x509 -in $f -trustout -addtrust clientAuth; done >t.pem`,
			file:   "t.pem", reason: manifest.ReasonBadCertificate,
		},
		{name: "DER", script: `"$P" x509 -in certificates/00.pem -outform DER -out 0.der`, file: "0.der", some: 1},
		{name: "DER in a row", script: `for f in certificates/*; do "$P" x509 -in $f -outform DER; done >all.der`, file: "all.der"},
		{
			name:   "base64 on one line",
			script: `for f in certificates/*; do "$P" enc -base64 -A -in $f; echo; done >lines.txt`,
			file:   "lines.txt",
		},
		{name: "PKCS #7 in PEM", script: `"$P" crl2pkcs7 -nocrl -certfile all.pem -out p7.pem`, file: "p7.pem"},
		{name: "PKCS #7 in DER", script: `"$P" crl2pkcs7 -nocrl -certfile all.pem -outform DER -out p7.der`, file: "p7.der"},
		{
			name:   "PKCS #7 printed",
			script: `"$P" crl2pkcs7 -nocrl -certfile all.pem | "$P" pkcs7 -print_certs -out printed.pem`,
			file:   "printed.pem",
		},
		// The certificates of a message are those of who signed it. With -stream its lengths are indefinite, in BER.
		{
			name:   "signed message in DER",
			script: sign + `-nodetach -outform DER -out m.der`,
			file:   "m.der", reason: manifest.ReasonMalformedEntry,
		},
		{
			name:   "signed message in BER",
			script: sign + `-nodetach -stream -indef -outform DER -out m.ber`,
			file:   "m.ber", reason: manifest.ReasonMalformedEntry,
		},
		{
			name:   "signed message in BER in PEM",
			script: sign + `-nodetach -stream -indef -outform PEM -out m.pem`,
			file:   "m.pem", reason: manifest.ReasonMalformedEntry,
		},
		{
			name:   "signature in DER",
			script: `echo >empty; ` + sign + `-outform DER -out d.der`,
			file:   "d.der", reason: manifest.ReasonMalformedEntry,
		},
		{
			name:   "encrypted",
			script: signer + `"$P" cms -encrypt -binary -in all.pem -outform DER -out e.der signer.crt`,
			file:   "e.der", reason: manifest.ReasonNoCertificate,
		},
		{
			name:   "data",
			script: `"$P" cms -data_create -in all.pem -outform DER -out data.der`,
			file:   "data.der", reason: manifest.ReasonNoCertificate,
		},
		{
			name:   "PKCS #12",
			script: `"$P" pkcs12 -export -nokeys -in all.pem -passout pass: -out a.p12`,
			file:   "a.p12", reason: manifest.ReasonUnsupportedFormat,
		},
		{name: "a key among them", script: `cat all.pem device.key >k.pem`, file: "k.pem", reason: manifest.ReasonPrivateKey},
		{
			name:   "a key of SEC 1 among them",
			script: `"$P" ec -in device.key -out ec.key; cat ec.key all.pem >k.pem`,
			file:   "k.pem", reason: manifest.ReasonPrivateKey,
		},
		{
			name:   "a key in DER",
			script: `"$P" pkey -in device.key -outform DER -out key.der`,
			file:   "key.der", reason: manifest.ReasonPrivateKey,
		},
	})
}
