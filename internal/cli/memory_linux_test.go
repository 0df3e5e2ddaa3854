package cli_test

import (
	"os"
	"syscall"
)

// peakMemory is the highest resident size of a process that ended, in bytes.
func peakMemory(state *os.ProcessState) (int64, bool) {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, false
	}
	return usage.Maxrss << 10, true // kilobytes on Linux
}
