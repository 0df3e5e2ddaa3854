package infineon_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bodgit/sevenzip"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon"
)

// BenchmarkDecode reports devices per second next to the floor, measured
// alternately on one processor: reading the same two archives with the same
// library, decoding PEM, and parsing the certificates.
func BenchmarkDecode(b *testing.B) {
	const entries = 5000
	var out bytes.Buffer
	if err := material.Generate(b.Context(),
		material.Options{Vendor: "infineon", N: entries, Seed: "benchmark", Bundles: []string{"E0E0"}, Out: &out}); err != nil {
		b.Fatal(err)
	}
	content := out.Bytes()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var decoding, floor time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		n := 0
		for _, err := range (infineon.Decoder{}).Decode(context.Background(), input("bench.7z", content), manifest.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		decoding += time.Since(start)
		if n != entries {
			b.Fatalf("%d devices", n)
		}
		b.StopTimer()
		start = time.Now()
		parseAlone(b, content)
		floor += time.Since(start)
		b.StartTimer()
	}
	n := float64(b.N * entries)
	b.ReportMetric(n/decoding.Seconds(), "devices/s")
	b.ReportMetric(n/floor.Seconds(), "floor/s")
	b.ReportMetric(floor.Seconds()/decoding.Seconds(), "ratio")
}

// parseAlone does only the work of the floor.
func parseAlone(b *testing.B, content []byte) {
	b.Helper()
	outer, err := sevenzip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		b.Fatal(err)
	}
	for _, member := range outer.File {
		raw := readMember(b, member)
		if !strings.HasSuffix(member.Name, "_E0E0_Certs.7z") {
			continue
		}
		inner, err := sevenzip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			b.Fatal(err)
		}
		for _, file := range inner.File {
			block, _ := pem.Decode(readMember(b, file))
			if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func readMember(b *testing.B, file *sevenzip.File) []byte {
	b.Helper()
	r, err := file.Open()
	if err != nil {
		b.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	return raw
}
