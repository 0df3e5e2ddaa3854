//go:build !linux

package stacktest

import (
	"os"
	"os/exec"
)

// On other systems a process ends when the Runtime API no longer answers, and is never frozen.
func diesWithParent(*exec.Cmd) {}

func freeze(*os.Process, bool) {}

func peakMemory(*os.Process) int64 { return 0 }
