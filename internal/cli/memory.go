package cli

import (
	"runtime/debug"

	"github.com/thingpress/thingpress/internal/engine"
)

const (
	// collectAt lets the heap grow to three times what lives before it is
	// collected: a quarter less processor time per device than Go's default.
	collectAt = 200
	// memoryBase and memoryPerEntry are the soft limit that keeps this within
	// what an import may take, 96 MiB and 64 bytes per entry, with room for
	// what is not heap.
	memoryBase     = 66 << 20
	memoryPerEntry = 48
	// dictionaries are those of Infineon's archives, outer and inner, 16 MiB
	// each. Where an archive declares larger ones the collector works harder.
	dictionaries = 32 << 20
)

// boundMemory trades memory for speed within the bound of an import, unless
// the environment says how the collector is to work.
func (p *preparation) boundMemory(scan *engine.ScanResult) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, set := p.streams.LookupEnv(name); set {
			return
		}
	}
	limit := int64(memoryBase)
	for _, source := range p.sources {
		if source.Decoder.Vendor() == "infineon" {
			limit += dictionaries
			break
		}
	}
	if scan != nil {
		limit += memoryPerEntry * int64(scan.Entries)
	}
	debug.SetGCPercent(collectAt)
	debug.SetMemoryLimit(limit)
}
