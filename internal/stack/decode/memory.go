package decode

import (
	"runtime/debug"
	"strconv"

	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// outsideHeap is the memory next to the heap: the program, its stacks, and what
	// the runtime needs for itself.
	outsideHeap = 48 << 20
	// smallestHeap is the limit if the function has less memory than that.
	smallestHeap = 64 << 20
)

// censusShare is the part of the memory that the hashes of a census may take, and
// mostCensus the maximum number of hashes if the memory is not bounded.
const (
	censusShare = 8
	mostCensus  = 32 << 20
)

// openCensus returns a census of a whole manifest that fits into memory.
func openCensus() *stack.Census {
	const hash = 8 // bytes
	return stack.NewCensus(int(min(debug.SetMemoryLimit(-1)/censusShare/hash, mostCensus)))
}

// BoundMemory makes the garbage collector keep the process within the memory that
// Lambda gives it; Lambda kills a process that takes more. It reads
// AWS_LAMBDA_FUNCTION_MEMORY_SIZE (MB), and does nothing without it or if GOMEMLIMIT
// is set. It returns the limit in bytes, 0 for none.
func BoundMemory(lookup func(name string) (value string, ok bool)) int64 {
	if _, set := lookup("GOMEMLIMIT"); set {
		return 0
	}
	text, _ := lookup("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
	megabytes, err := strconv.ParseInt(text, 10, 32)
	if err != nil || megabytes <= 0 {
		return 0
	}
	limit := max(megabytes<<20-outsideHeap, smallestHeap)
	debug.SetMemoryLimit(limit)
	return limit
}
