//go:build darwin || freebsd

package sqlite

import "golang.org/x/sys/unix"

// remoteFileSystem returns the name of the network file system that a file is on, or "".
func remoteFileSystem(path string) string {
	var is unix.Statfs_t
	if unix.Statfs(path, &is) != nil || is.Flags&unix.MNT_LOCAL != 0 {
		return "" // opening the file will fail with the cause
	}
	return unix.ByteSliceToString(is.Fstypename[:])
}
