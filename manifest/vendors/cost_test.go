//go:build unix

package vendors_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/generated"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A manifest must never cost hours of processor time. On an ordinary machine an
// ordinary entry takes 0.1 µs a byte, and the worst keys that are accepted take 3 µs.
const (
	// Less than this is not worth a comparison.
	costAtAll   = 100 * time.Millisecond
	costPerByte = 10 * time.Microsecond
	// What takes longer is compared with ordinary entries, which the race detector,
	// the fuzzing engine and a busy machine slow down as well.
	ordinaryCosts = 150
)

// A manifest that costs hours of processor time must be impossible, whatever keys,
// chains and structures it brings, and whatever part of it the options choose.
func FuzzProcessorTime(f *testing.F) {
	for _, v := range loadVectors(f) {
		o := v.Options
		f.Add(v.data, o.Columns, o.Label, o.Index, o.JSONPointer)
	}
	for _, data := range costly(f) {
		f.Add(data, "", "", "", "")
	}
	issuer := materialtest.NewIssuer("ordinary")
	ordinary := []byte(strings.Repeat(issuer.Sign("d")+issuer.PEM(), 50))
	// Every element of every array matches, down to the depth that is read.
	nested := []byte(strings.Repeat("[", 30) + strings.Repeat(`"x",[],`, 20_000) + "0" + strings.Repeat("]", 30))
	f.Add(nested, "", "", "", strings.Repeat("/*", 30))
	// Every column has a use, and each is sought under many names.
	uses, header := "cert=c", "c"
	for i := range 200 {
		name := strconv.Itoa(i)
		uses += ",attribute.a" + name + "=no|nothing|none|h" + name
		header += ",h" + name
	}
	f.Add([]byte(header+"\n"+strings.Repeat(strings.Repeat("x,", 200)+"x\n", 300)), uses, "", "", "")
	f.Fuzz(func(t *testing.T, data []byte, columns, label, index, pointer string) {
		opts := ordinaryOptions(t)
		opts.Label, opts.Index, opts.JSONPointer = label, index, pointer
		if uses, err := manifest.ParseColumns(columns); err == nil {
			opts.Columns = uses
		}
		detecting := detectCost(t, data)
		for _, format := range vendors.Formats() {
			budget := costAtAll + time.Duration(len(data))*costPerByte
			took := detecting + decodeCost(t, format, data, opts)
			// What the runtime does in between, such as collecting garbage, is not the decoder's.
			for try := 0; took > budget && try < 3; try++ {
				reference := detectCost(t, ordinary) + decodeCost(t, generated.Format(), ordinary, ordinaryOptions(t))
				budget = max(budget, reference*time.Duration(ordinaryCosts*(len(data)+len(ordinary))/len(ordinary)))
				detecting = detectCost(t, data)
				took = detecting + decodeCost(t, format, data, opts)
			}
			if took > budget {
				t.Errorf("%s: %d bytes take %v of processor time, more than %v", format.Vendor(), len(data), took, budget)
			}
		}
	})
}

func ordinaryOptions(t *testing.T) manifest.Options {
	t.Helper()
	return manifest.Options{TempDir: t.TempDir(), Limits: manifest.Limits{ExpansionRatio: 10}}
}

// detectCost returns the processor time that it takes to detect a manifest's format.
func detectCost(t *testing.T, data []byte) time.Duration {
	before := processorTime(t)
	_, _ = vendors.Detect(t.Context(), manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))})
	return processorTime(t) - before
}

// decodeCost returns the processor time that decoding takes.
func decodeCost(t *testing.T, format manifest.Format, data []byte, opts manifest.Options) time.Duration {
	in := manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))}
	before := processorTime(t)
	if format.Explain != nil {
		_ = format.Explain(data[:min(len(data), manifest.DetectSize)])
	}
	for _, err := range format.Decode(context.Background(), in, opts) {
		_ = err
	}
	return processorTime(t) - before
}

func processorTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// costly returns manifests with the most expensive keys, chains and structures that
// fit into few bytes.
func costly(t testing.TB) [][]byte {
	huge, longest := rsaCA(260_000, 65537), rsaCA(8192, 1<<31-1)
	var hours, dear []byte
	for range 4 {
		hours = slices.Concat(hours, materialtest.PEM(signedBy(t, huge, &materialtest.Key("costly").PublicKey)), materialtest.PEM(huge))
	}
	for range 20 {
		dear = slices.Concat(dear, materialtest.PEM(signedBy(t, longest, longest.PublicKey)), materialtest.PEM(longest))
	}
	hoursInCell := slices.Concat([]byte("MAC,cn,cert\n02A4A4596FF8,d,\""), hours[:len(hours)/4], []byte("\"\n"))
	begins, blocks := bytes.Repeat([]byte("-----BEGIN "), 30_000), bytes.Repeat([]byte("-----BEGIN C-----END C-----"), 12_000)
	return [][]byte{hours, hoursInCell, dear, longCurve(), falseKey(), begins, blocks}
}

// rsaCA returns an authority with a key that nobody can sign with.
func rsaCA(bits, exponent int) *x509.Certificate {
	n := new(big.Int).SetBytes(materialtest.Bytes("costly", bits/8))
	key := &rsa.PublicKey{N: n.SetBit(n.SetBit(n, bits-1, 1), 0, 1), E: exponent}
	issuer := materialtest.Key("costly")
	return materialtest.Certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "costly"}, IsCA: true, BasicConstraintsValid: true, SubjectKeyId: []byte{1},
	}, nil, key, issuer)
}

// signedBy returns a leaf that claims to be signed by an RSA key.
func signedBy(t testing.TB, ca *x509.Certificate, key any) *x509.Certificate {
	t.Helper()
	var algorithm, issuer asn1.RawValue
	rsaSHA256 := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	encoded, err := asn1.Marshal(pkix.AlgorithmIdentifier{Algorithm: rsaSHA256, Parameters: asn1.NullRawValue})
	if err != nil {
		t.Fatal(err)
	}
	algorithm.FullBytes, issuer.FullBytes = encoded, ca.RawSubject
	leaf := materialtest.Certificate(&x509.Certificate{Subject: pkix.Name{CommonName: "d"}, SubjectKeyId: []byte{2}}, nil, key,
		materialtest.Key("costly"))
	var signed struct {
		Version    int `asn1:"explicit,tag:0"`
		Serial     *big.Int
		Algorithm  asn1.RawValue
		Issuer     asn1.RawValue
		Validity   asn1.RawValue
		Subject    asn1.RawValue
		Key        asn1.RawValue
		Extensions asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(leaf.RawTBSCertificate, &signed); err != nil {
		t.Fatal(err)
	}
	signed.Algorithm, signed.Issuer = algorithm, issuer
	signature := materialtest.Bytes("signature", ca.PublicKey.(*rsa.PublicKey).Size())
	signature[0] = 0
	der, err := asn1.Marshal(struct {
		Signed, Algorithm any
		Signature         asn1.BitString
	}{signed, algorithm, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// longCurve returns a chain of keys on P-521, each signed by the one before.
func longCurve() []byte {
	key := materialtest.KeyOn(elliptic.P521(), "costly")
	ca := materialtest.Authority("costly", nil, key, key, -1)
	leaf := materialtest.Certificate(&x509.Certificate{Subject: pkix.Name{CommonName: "d"}}, ca, &key.PublicKey, key)
	return bytes.Repeat(slices.Concat(materialtest.PEM(leaf), bytes.Repeat(materialtest.PEM(ca), 7)), 10)
}

// falseKey returns a private key of PKCS #1 with numbers that are far too long, in
// a cell, a line and a block: whoever checks such a key has to calculate with them.
func falseKey() []byte {
	long := new(big.Int).SetBytes(materialtest.Bytes("costly", 20_000))
	long.SetBit(long, 0, 1)
	der, err := asn1.Marshal(struct {
		Version                     int
		N, E, D, P, Q, Dp, Dq, QInv *big.Int
	}{0, new(big.Int).Mul(long, long), big.NewInt(65537), long, long, long, long, long, long})
	if err != nil {
		panic(err)
	}
	text := base64.StdEncoding.EncodeToString(der)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return slices.Concat([]byte("MAC,cn,cert,key\n02A4A4596FF8,d,x,"+text+"\n"+text+"\n"), block)
}
