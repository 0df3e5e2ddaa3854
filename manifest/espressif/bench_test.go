package espressif

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// BenchmarkDecode reports devices per second. Its ratio compares them with parsing
// the same certificates with pem.Decode and x509.ParseCertificate only, measured
// alternately.
func BenchmarkDecode(b *testing.B) {
	const n = 2000
	in := decodertest.Input(good(b, n))
	var texts [][]byte
	for d, err := range (Decoder{}).Decode(b.Context(), in, manifest.Options{}) {
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, []byte(d.PEM()))
	}
	b.SetBytes(in.Size)
	b.ReportAllocs()
	var decoding, floor time.Duration
	for b.Loop() {
		begin := time.Now()
		for _, err := range (Decoder{}).Decode(b.Context(), in, manifest.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
		decoding += time.Since(begin)
		begin = time.Now()
		for _, text := range texts {
			block, _ := pem.Decode(text)
			if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				b.Fatal(err)
			}
		}
		floor += time.Since(begin)
	}
	b.ReportMetric(n*float64(b.N)/decoding.Seconds(), "devices/s")
	b.ReportMetric(n*float64(b.N)/floor.Seconds(), "floor-devices/s")
	b.ReportMetric(floor.Seconds()/decoding.Seconds(), "ratio")
}
