package stacktest

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// diesWithParent makes the process end with the test, however that ends. A frozen
// process could not notice it by itself.
func diesWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// freeze stops a process or lets it continue.
func freeze(p *os.Process, idle bool) {
	signal := syscall.SIGCONT
	if idle {
		signal = syscall.SIGSTOP
	}
	_ = p.Signal(signal) // a process that has ended is noticed elsewhere
}

// peakMemory returns the largest resident set in bytes of a process that runs or
// is frozen. For a process that has ended, the kernel's value would include its
// parent's.
func peakMemory(p *os.Process) int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.Pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "kB")), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}
