package generate_test

import (
	"io"
	"testing"

	"github.com/thingpress/thingpress/internal/generate"
)

// Benchmark makes 2,000 EC devices of each vendor.
func Benchmark(b *testing.B) {
	for _, vendor := range generate.Vendors() {
		b.Run(vendor, func(b *testing.B) {
			const n = 2_000
			for b.Loop() {
				if err := generate.Generate(b.Context(), generate.Options{Vendor: vendor, N: n, Seed: "s", Out: io.Discard}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "devices/s")
		})
	}
}
