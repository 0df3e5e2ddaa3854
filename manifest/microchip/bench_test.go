package microchip_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/big"
	"runtime"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/microchip"
)

// BenchmarkDecode reports devices per second next to the floor, measured
// alternately on one processor. The floor is the cost of the unavoidable checks:
// two ECDSA P-256 verifications, of the entry and of the leaf, and parsing leaf
// and issuer.
func BenchmarkDecode(b *testing.B) {
	const entries = 512
	reel := materialtest.NewReel("benchmark")
	chips := make([]materialtest.Chip, entries)
	objects := make([]material.Object, entries)
	for i := range chips {
		chips[i] = reel.Chip(i)
		objects[i] = reel.Entry(chips[i])
	}
	data := materialtest.Array(objects...)
	opts := manifest.Options{Signers: []*x509.Certificate{reel.Signer}}
	for _, processors := range []int{1, 2} {
		b.Run(fmt.Sprintf("processors=%d", processors), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			var decoding, floor time.Duration
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				in := manifest.Input{Name: "bench.json", Reader: bytes.NewReader(data), Size: int64(len(data))}
				devices := 0
				for _, err := range (microchip.Decoder{}).Decode(context.Background(), in, opts) {
					if err != nil {
						b.Fatal(err)
					}
					devices++
				}
				if devices != entries {
					b.Fatalf("%d devices", devices)
				}
				decoding += time.Since(start)
				b.StopTimer()
				start = time.Now()
				checkAlone(b, reel, chips)
				floor += time.Since(start)
				b.StartTimer()
			}
			n := float64(b.N * entries)
			b.ReportMetric(n/decoding.Seconds(), "devices/s")
			b.ReportMetric(n/floor.Seconds(), "floor/s")
			b.ReportMetric(floor.Seconds()/decoding.Seconds(), "ratio")
		})
	}
}

// checkAlone does only the work of the floor.
func checkAlone(b *testing.B, reel *materialtest.Reel, chips []materialtest.Chip) {
	b.Helper()
	hash := sha256.Sum256([]byte("an entry"))
	signature := material.Signature("an entry", reel.SignerKey)
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	key := &reel.SignerKey.PublicKey
	for _, chip := range chips {
		leaf, err := x509.ParseCertificate(chip.Leaf.Raw)
		if err != nil {
			b.Fatal(err)
		}
		issuer, err := x509.ParseCertificate(reel.Issuer.Raw)
		if err != nil {
			b.Fatal(err)
		}
		if !ecdsa.Verify(key, hash[:], r, s) {
			b.Fatal("the entry's signature does not verify")
		}
		if err := leaf.CheckSignatureFrom(issuer); err != nil {
			b.Fatal(err)
		}
	}
}
