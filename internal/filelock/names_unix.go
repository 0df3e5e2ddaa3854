//go:build unix

package filelock

import (
	"os"
	"syscall"
)

func countNames(file *os.File) (uint64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return uint64(info.Sys().(*syscall.Stat_t).Nlink), nil //nolint:unconvert // its type depends on the system
}
