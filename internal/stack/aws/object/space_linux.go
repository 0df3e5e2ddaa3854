package object

import (
	"cmp"
	"os"
	"syscall"
)

// freeSpace returns how many bytes can be written in dir, if the system knows.
func freeSpace(dir string) (free int64, known bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(cmp.Or(dir, os.TempDir()), &stat); err != nil || stat.Blocks == 0 {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true //nolint:unconvert // 32 bits on some systems
}
