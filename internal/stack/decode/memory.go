package decode

import (
	"runtime/debug"
	"strconv"
)

const (
	// outsideHeap is what a function takes next to its heap: the program, its
	// stacks, and what the runtime keeps for itself.
	outsideHeap = 48 << 20
	// smallestHeap is the limit if the function has too little memory for
	// the above.
	smallestHeap = 64 << 20
)

// BoundMemory has the garbage collector keep the process within the memory
// that Lambda gives it, which it ends otherwise. It goes by
// AWS_LAMBDA_FUNCTION_MEMORY_SIZE (MB), and does nothing without it or where
// GOMEMLIMIT is set. It returns the limit in bytes; 0 for none.
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
