package imports_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// peakMemory returns the highest resident size of a process in bytes, observed until end
// is closed. The rusage of an ended child cannot be used, because it includes the size of
// the parent that forked it.
func peakMemory(pid int, end <-chan struct{}) int64 {
	status := fmt.Sprintf("/proc/%d/status", pid)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var peak int64
	for {
		if text, err := os.ReadFile(status); err == nil {
			peak = max(peak, highWater(text))
		}
		select {
		case <-tick.C:
		case <-end:
			return peak
		}
	}
}

// highWater returns VmHWM in bytes (proc_pid_status(5)), or 0 if there is none.
func highWater(status []byte) int64 {
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(after, []byte("kB"))
	kilobytes, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
