//go:build !linux && !darwin && !freebsd && !windows

package sqlite

// remoteFileSystem cannot tell.
func remoteFileSystem(string) string { return "" }
