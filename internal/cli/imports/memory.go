package imports

import (
	"runtime/debug"
	"slices"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/manifest/vendors"
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
	// dictionaries are those of an archive and of the one in it, 16 MiB each. If an archive declares larger ones the collector works harder.
	dictionaries = 32 << 20
)

// boundMemory trades memory for speed within the bound of an import of so many
// entries, unless the environment decides how the collector works.
func boundMemory(lookupEnv func(string) (string, bool), sources []*engine.Source, entries int) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, set := lookupEnv(name); set {
			return
		}
	}
	limit := int64(memoryBase) + memoryPerEntry*int64(entries)
	if slices.ContainsFunc(sources, isArchive) {
		limit += dictionaries
	}
	debug.SetGCPercent(collectAt)
	debug.SetMemoryLimit(limit)
}

// isArchive reports whether manifests of the source's format are archives.
func isArchive(source *engine.Source) bool {
	format, err := vendors.Lookup(source.Decoder.Vendor())
	return err == nil && format.Archive
}
