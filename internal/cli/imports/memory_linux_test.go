package imports_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// peakMemory follows the highest resident size of a process, in bytes, until
// end is closed. The usage that the system tells of a child that has ended will not do:
// before its exec the child was its parent, whose size counts in it.
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

// highWater reads VmHWM, in kB (proc_pid_status(5)); 0 where there is none.
func highWater(status []byte) int64 {
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(after, []byte("kB"))
	kilobytes, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
