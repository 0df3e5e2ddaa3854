package material_test

import (
	"io"
	"testing"

	"github.com/thingpress/thingpress/internal/material"
)

// Benchmark makes 2,000 EC devices of each vendor.
func Benchmark(b *testing.B) {
	for _, vendor := range material.Vendors() {
		b.Run(vendor, func(b *testing.B) {
			const n = 2_000
			for b.Loop() {
				if err := material.Generate(b.Context(), material.Options{Vendor: vendor, N: n, Seed: "s", Out: io.Discard}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "devices/s")
		})
	}
}
