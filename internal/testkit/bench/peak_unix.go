//go:build unix

package main

import (
	"os"
	"syscall"
)

// peak returns the peak memory of a process in bytes.
func peak(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int64(usage.Maxrss) << 10 //nolint:unconvert // kilobytes on Linux; 32 bits on some systems
}
