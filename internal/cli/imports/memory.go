package imports

import (
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/manifest/vendors"
)

const (
	// collectAt lets the heap grow to three times the live data before it is
	// collected, which takes a quarter less CPU time per device than Go's default.
	collectAt = 200
	// memoryBase and memoryPerEntry are the soft limit that keeps an import within
	// 96 MiB and 64 bytes per entry, with room for memory that is not heap.
	memoryBase     = 66 << 20
	memoryPerEntry = 60
	// dictionaries is the size of the dictionaries of an archive and of the archive
	// in it, 16 MiB each. With larger ones the collector works harder.
	dictionaries = 32 << 20
	// maxProcessors bounds the memory on large machines, of which Go keeps about a mebibyte
	// for each processor. An import waits for the network and not for processors.
	maxProcessors = 16
)

// BoundMemory trades memory for speed within the bound for an import of this many
// entries, unless the environment configures the garbage collector or the processors.
func BoundMemory(lookupEnv func(string) (string, bool), sources []*engine.Source, entries int) {
	if _, set := lookupEnv("GOMAXPROCS"); !set && runtime.GOMAXPROCS(0) > maxProcessors {
		runtime.GOMAXPROCS(maxProcessors)
	}
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

// sparingly is the growth of the heap, in percent, after which it is collected where most of it lives to the end.
const sparingly = 40

// SpareMemory trades speed for memory, unless the environment configures the garbage collector.
func SpareMemory(lookupEnv func(string) (string, bool)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, set := lookupEnv(name); set {
			return
		}
	}
	debug.SetGCPercent(sparingly)
}

// isArchive reports whether manifests of the source's format are archives.
func isArchive(source *engine.Source) bool {
	format, err := vendors.Lookup(source.Decoder.Vendor())
	return err == nil && format.Archive
}
